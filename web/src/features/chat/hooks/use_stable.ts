import { useCallback, useLayoutEffect, useRef } from "react";

/** The newest version of a function under one identity: whatever gets it is not drawn again because of it. */
export function useStable<Arguments extends unknown[]>(work: (...given: Arguments) => void): (...given: Arguments) => void {
  const newest = useRef(work);
  useLayoutEffect(() => {
    newest.current = work;
  });
  return useCallback((...given: Arguments) => newest.current(...given), []);
}
