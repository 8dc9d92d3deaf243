const HIDDEN_MS = 250;

/** Runs `work` once with the next frame, however often it is asked for; in a hidden tab, which has no frames, soon. */
export function oncePerFrame(work: () => void): { ask: () => void; now: () => void } {
  let asked = false;
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    if (!asked) return;
    asked = false;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    work();
  };
  const ask = () => {
    if (asked) return;
    asked = true;
    if (!document.hidden) frame = requestAnimationFrame(run);
    // A tab that is hidden before its next frame would keep what it has for ever.
    timer = setTimeout(run, HIDDEN_MS);
  };
  return { ask, now: run };
}
