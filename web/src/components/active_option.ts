import { type KeyboardEvent, useState } from "react";

/** Which option of a list the keyboard is at, while the focus stays in the search field above it. */
export function useActiveOption(count: number, choose: (index: number) => void) {
  const [wanted, setActive] = useState(0);
  const active = Math.min(wanted, Math.max(0, count - 1));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || count === 0) return;
    const next = stepped(event.key, active, count);
    if (next !== null) {
      event.preventDefault();
      setActive(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(active);
    }
  };
  return { active, setActive, onKeyDown };
}

/** Where a key leads to; null for keys that lead nowhere. Up and down go round. */
export function stepped(key: string, active: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return (active + 1) % count;
    case "ArrowUp":
      return (active + count - 1) % count;
    case "PageDown":
      return Math.min(active + 8, count - 1);
    case "PageUp":
      return Math.max(active - 8, 0);
    default:
      return null;
  }
}
