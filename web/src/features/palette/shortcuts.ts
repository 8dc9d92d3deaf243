import { create } from "zustand";
import type { SendKey } from "@/features/chat/send_key";
import type { MessageKey, Translate } from "@/i18n/locale";
import { readStored, writeStored } from "@/lib/storage";

const STORED = "covey.shortcuts";

/** Whether keys do something by themselves, outside fields and lists. People who speak to their computer switch it off. */
export const useShortcuts = create<{ on: boolean }>(() => ({ on: readStored(STORED) !== "off" }));

export function switchShortcuts(on: boolean): void {
  writeStored(STORED, on ? null : "off");
  useShortcuts.setState({ on });
}

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const COMMAND = isApple ? "⌘" : "Ctrl";

const NAMED: Record<string, MessageKey> = { Ctrl: "keyControl", Shift: "keyShift", Enter: "keyEnter", Del: "keyDelete" };

/** What is printed on a key where that language is spoken. */
export function keyName(key: string, text: Translate): string {
  const name = NAMED[key];
  return name === undefined ? key : text(name);
}

export interface Shortcut {
  keys: string[];
  label: MessageKey;
  /** Works only while shortcuts are on. */
  switched: boolean;
}

export interface ShortcutGroup {
  title: MessageKey;
  shortcuts: Shortcut[];
}

/** All keys of the interface, for the sheet, as they are in force. */
export const shortcutsWith = (sendKey: SendKey): ShortcutGroup[] => [
  {
    title: "shortcutsEverywhere",
    shortcuts: [
      { keys: [COMMAND, "K"], label: "shortcutPalette", switched: true },
      { keys: [COMMAND, "Shift", "O"], label: "navNewChat", switched: true },
      { keys: ["?"], label: "shortcutSheet", switched: true },
    ],
  },
  {
    title: "navChat",
    shortcuts: [
      { keys: ["/"], label: "shortcutField", switched: true },
      { keys: sendKey === "enter" ? ["Enter"] : [COMMAND, "Enter"], label: "shortcutSend", switched: false },
      { keys: sendKey === "enter" ? ["Shift", "Enter"] : ["Enter"], label: "shortcutNewLine", switched: false },
      { keys: ["Esc"], label: "shortcutStop", switched: false },
    ],
  },
  {
    title: "conversations",
    shortcuts: [
      { keys: ["↑", "↓"], label: "shortcutMove", switched: false },
      { keys: ["F2"], label: "shortcutRename", switched: false },
      { keys: ["Del"], label: "shortcutDelete", switched: false },
    ],
  },
];

export type Asked = "palette" | "sheet" | "newChat";

/** What a key asks for; null: nothing. */
export function askedBy(event: KeyboardEvent): Asked | null {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return null;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && !event.shiftKey && key === "k") return "palette";
  if (command && event.shiftKey && key === "o") return "newChat";
  if (!command && event.key === "?" && !isWriting(event.target) && !isInDialog(event.target)) return "sheet";
  return null;
}

/** Fields that take no text have no use for single characters. */
const TAKES_NO_TEXT = /^(checkbox|radio|button|submit|reset|range|color|file|image)$/;

export function isWriting(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !TAKES_NO_TEXT.test(target.type);
  return target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName));
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null;
}
