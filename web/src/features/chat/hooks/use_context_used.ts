import { useDeferredValue, useMemo, useState } from "react";
import { contextUsed } from "../answer_figures";
import type { ShownMessage } from "../shown_path";

/** Tokens of the context in use. While an answer grows it stands still: the engine's count comes at its end. */
export function useContextUsed(shown: readonly ShownMessage[], draft: string, running: boolean): number {
  const text = useDeferredValue(draft);
  const [before, setBefore] = useState(0);
  const counted = useMemo(() => (running ? null : contextUsed(shown, text)), [running, shown, text]);
  if (counted !== null && counted !== before) setBefore(counted);
  return counted ?? before;
}
