import type { Message } from "@/i18n/text";

/** The palette and the keys. */
export const palette = {
  paletteTitle: "Go anywhere",
  paletteHint: "Search chats, pages, models and actions",
  paletteNone: "Nothing fits this.",
  paletteActions: "Action",
  palettePages: "Page",
  shortcutsTitle: "Keyboard shortcuts",
  shortcutsSearch: "Search shortcuts",
  shortcutsNone: "No shortcut fits this.",
  shortcutsSwitch: "Shortcuts are on",
  shortcutsEverywhere: "Everywhere",
  keyControl: "Ctrl",
  keyShift: "Shift",
  keyEnter: "Enter",
  keyDelete: "Del",
  shortcutPalette: "Search everything",
  shortcutSheet: "Show these shortcuts",
  shortcutField: "Go to the message field",
  shortcutSend: "Send the message",
  shortcutNewLine: "Begin a new line",
  shortcutStop: "Stop the answer",
  shortcutMove: "Move through the list",
  shortcutRename: "Rename the conversation",
  shortcutDelete: "Delete the conversation",
} satisfies Record<string, Message>;
