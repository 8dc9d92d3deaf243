import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";

const LONGEST = 3000;
let make: ((formula: string, display: boolean) => Node | null) | null = null;

interface FormulaProps {
  formula: string;
  display: boolean;
}

/** A formula; its source until what sets formulas is loaded, and where it has a mistake. */
export const Formula = memo(function Formula({ formula, display }: FormulaProps) {
  const place = useRef<HTMLSpanElement>(null);
  const [ready, setReady] = useState(make !== null);
  const readable = formula.length <= LONGEST;
  useEffect(() => {
    if (ready || !readable) return;
    let mounted = true;
    // Where it cannot be loaded, the source stays.
    import("./formulas").then(
      (loaded) => {
        make = loaded.formulaNode;
        if (mounted) setReady(true);
      },
      () => {},
    );
    return () => {
      mounted = false;
    };
  }, [ready, readable]);
  useLayoutEffect(() => {
    // React knows nothing of what is in this element, so it leaves it alone.
    const made = ready && readable ? make?.(formula, display) : null;
    place.current?.replaceChildren(made ?? sourceOf(formula));
  }, [ready, readable, formula, display]);
  return <span ref={place} dir="ltr" className={display ? "formula display" : "formula"} />;
});

function sourceOf(formula: string): Node {
  const code = document.createElement("code");
  code.textContent = formula;
  return code;
}
