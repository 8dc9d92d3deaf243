import { useEffect, useRef, useState } from "react";

/**
 * What is being typed into a field until it is taken: when the field is left, on Enter, and when the field goes away.
 * Follows `value` while nothing is being typed. When `take` answers false, what was typed stays to be mended.
 */
export function useTyped(value: string, take: (entered: string) => boolean | void) {
  const [typed, setState] = useState<string | null>(null);
  const pending = useRef<{ typed: string | null; take: (entered: string) => boolean | void }>({ typed: null, take });
  useEffect(() => {
    pending.current.take = take;
  });
  const setTyped = (next: string) => {
    pending.current.typed = next;
    setState(next);
  };
  const commit = () => {
    const entered = pending.current.typed;
    if (entered === null) return;
    if (entered !== value && pending.current.take(entered) === false) return;
    pending.current.typed = null;
    setState(null);
  };
  useEffect(() => {
    const last = pending.current;
    return () => {
      if (last.typed !== null) last.take(last.typed);
    };
  }, []);
  return { typed: typed ?? value, setTyped, commit };
}
