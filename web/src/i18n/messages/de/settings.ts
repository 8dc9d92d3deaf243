import type { Message } from "@/i18n/text";
import type { settings as english } from "../en/settings";

export const settings: Record<keyof typeof english, Message> = {
  navSettings: "Einstellungen",
  settingsTitle: "Geltende Einstellungen",
  settingsLead:
    "Womit {node} läuft. Ändere es in covey.toml, in der Umgebung oder auf der Kommandozeile, und starte den Knoten neu.",
  settingsSearch: "Einstellungen suchen",
  settingsOnlySet: "Nur was nicht vorgegeben ist",
  settingsNone: "Keine Einstellung passt.",
  settingEmpty: "(leer)",
  settingDefault: "Vorgabe",
  settingFile: "Datei",
  settingEnvironment: "Umgebung",
  settingArgument: "Kommandozeile",
};
