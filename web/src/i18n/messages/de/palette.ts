import type { palette as english } from "../en/palette";
import type { Message } from "@/i18n/text";

export const palette: Record<keyof typeof english, Message> = {
  paletteTitle: "Überallhin",
  paletteHint: "Chats, Seiten, Modelle und Aktionen suchen",
  paletteNone: "Dazu passt nichts.",
  paletteActions: "Aktion",
  palettePages: "Seite",
  shortcutsTitle: "Tastenkürzel",
  shortcutsSearch: "Tastenkürzel suchen",
  shortcutsNone: "Dazu passt kein Tastenkürzel.",
  shortcutsSwitch: "Tastenkürzel sind an",
  shortcutsEverywhere: "Überall",
  keyControl: "Strg",
  keyShift: "Umschalt",
  keyEnter: "Eingabe",
  keyDelete: "Entf",
  shortcutPalette: "Alles durchsuchen",
  shortcutSheet: "Diese Tastenkürzel zeigen",
  shortcutField: "Zum Nachrichtenfeld",
  shortcutSend: "Nachricht senden",
  shortcutNewLine: "Neue Zeile",
  shortcutStop: "Antwort anhalten",
  shortcutMove: "Durch die Liste gehen",
  shortcutRename: "Unterhaltung umbenennen",
  shortcutDelete: "Unterhaltung löschen",
};
