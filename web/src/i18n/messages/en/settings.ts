import type { Message } from "@/i18n/text";

/** The page of settings in force. */
export const settings = {
  navSettings: "Settings",
  settingsTitle: "Settings in force",
  settingsLead:
    "What {node} runs with. Change it in covey.toml, in the environment or on the command line, and start the node again.",
  settingsSearch: "Search settings",
  settingsOnlySet: "Only what differs from the defaults",
  settingsNone: "No setting fits.",
  settingEmpty: "(empty)",
  settingDefault: "Default",
  settingFile: "File",
  settingEnvironment: "Environment",
  settingArgument: "Command line",
} satisfies Record<string, Message>;
