import { type RefObject, useEffect } from "react";
import { isWriting, useShortcuts } from "@/features/palette/shortcuts";

/** "/" goes to the field, Escape stops the answer, wherever the focus is on the page. */
export function useChatKeys(input: RefObject<HTMLTextAreaElement | null>, running: boolean, stop: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || isElsewhere(event.target)) return;
      if (event.key === "Escape" && running) {
        event.preventDefault();
        stop();
      } else if (event.key === "/" && useShortcuts.getState().on && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event.target)) {
        event.preventDefault();
        input.current?.focus();
      }
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [input, running, stop]);
}

/** Dialogs and menus have keys of their own. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"], [role="listbox"], [aria-modal="true"]') !== null;
}
