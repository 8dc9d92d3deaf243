import { useEffect, useRef, useState } from "react";

const LARGE = 3000;
const PAUSE_MS = 200;

/**
 * A text that grows, as often as it can be read: a large block, which takes longer than a frame to read, is not read
 * for each of its words. Whatever is closed is whole.
 */
export function usePaced(text: string, closed: boolean): string {
  const [taken, setTaken] = useState(text);
  const newest = useRef(text);
  const waits = !closed && text.length > LARGE && taken.length > LARGE / 2 && text.startsWith(taken);
  if (!waits && taken !== text && text.length > LARGE / 2) setTaken(text);
  useEffect(() => {
    newest.current = text;
  });
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => setTaken(newest.current), PAUSE_MS);
    return () => clearInterval(timer);
  }, [waits]);
  return waits ? taken : text;
}
