import { create } from "zustand";
import { readStored, writeStored } from "@/lib/storage";

const STORED = "covey.send-key";

/** `enter`: Enter sends. `command`: Ctrl+Enter (⌘+Enter) alone does, and Enter begins a new line. */
export type SendKey = "enter" | "command";

/** What sends in this browser. */
export const useSendKey = create<{ sendKey: SendKey }>(() => ({ sendKey: readStored(STORED) === "command" ? "command" : "enter" }));

export function chooseSendKey(sendKey: SendKey): void {
  writeStored(STORED, sendKey === "enter" ? null : sendKey);
  useSendKey.setState({ sendKey });
}

type KeyFacts = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "isComposing" | "keyCode">;

/** Whether a key sends what is written. Ctrl+Enter and ⌘+Enter do so in either way. */
export function sends(event: KeyFacts, sendKey = useSendKey.getState().sendKey): boolean {
  // While an input method composes, Enter takes its suggestion. Safari says so only by the code 229.
  if (event.isComposing || event.keyCode === 229) return false;
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  return event.ctrlKey || event.metaKey || sendKey === "enter";
}
