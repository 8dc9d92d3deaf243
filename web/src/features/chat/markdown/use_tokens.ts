import { useEffect, useMemo, useState } from "react";
import type { Token } from "./highlighter";

type Tokenize = (code: string, language: string) => (Token | string)[] | null;

const LONGEST = 40_000;
const KEPT = 200;
let tokenize: Tokenize | null = null;
const known = new Map<string, (Token | string)[] | null>();

/** The tokens of a code; null while the highlighter loads, and where there is nothing to highlight. */
export function useTokens(code: string, language: string, wanted: boolean): (Token | string)[] | null {
  const [ready, setReady] = useState(tokenize !== null);
  const worthIt = wanted && language !== "" && code.length <= LONGEST;
  useEffect(() => {
    if (ready || !worthIt) return;
    let mounted = true;
    // Without the highlighter the code stays plain, which is all that is lost when it cannot be loaded.
    import("./highlighter").then(
      (loaded) => {
        tokenize = loaded.tokensOf;
        if (mounted) setReady(true);
      },
      () => {},
    );
    return () => {
      mounted = false;
    };
  }, [ready, worthIt]);
  return useMemo(() => (ready && worthIt ? remembered(code, language) : null), [ready, worthIt, code, language]);
}

/** Messages come and go with scrolling; what was highlighted once is not highlighted again. */
function remembered(code: string, language: string): (Token | string)[] | null {
  const key = `${language}\n${code}`;
  const present = known.get(key);
  if (present !== undefined) return present;
  const tokens = tokenize?.(code, language) ?? null;
  known.set(key, tokens);
  const oldest = known.keys().next().value;
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  return tokens;
}
