import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";

const LONGEST = 3000;
let write: ((element: HTMLElement, formula: string, display: boolean) => void) | null = null;

/** A formula; its source until what sets formulas is loaded. */
export const Formula = memo(function Formula({ formula, display }: { formula: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [ready, setReady] = useState(write !== null);
  const readable = formula.length <= LONGEST;
  useEffect(() => {
    if (ready || !readable) return;
    let mounted = true;
    // Where it cannot be loaded, the source stays.
    import("./formulas").then(
      (loaded) => {
        write = loaded.writeFormula;
        if (mounted) setReady(true);
      },
      () => {},
    );
    return () => {
      mounted = false;
    };
  }, [ready, readable]);
  useLayoutEffect(() => {
    if (ready && readable && place.current !== null) write?.(place.current, formula, display);
  }, [ready, readable, formula, display]);
  // Two elements, because React must not look after the children that the writer makes.
  return ready && readable ? (
    <span key="set" ref={place} dir="ltr" className={display ? "formula display" : "formula"} />
  ) : (
    <code key="source" dir="ltr">
      {formula}
    </code>
  );
});
