// Frames of the interface while something goes on: the time from one to the next, and what the page's main thread did
// meanwhile (Chromium's own counts of scripting, of style and layout, and of all its tasks).

const sorted = (values) => values.toSorted((one, other) => one - other);
export const median = (values) => sorted(values)[Math.floor(values.length / 2)];
export const percentile = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];

async function counts(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name) => metrics.find((metric) => metric.name === name).value * 1000;
  return { script: of("ScriptDuration"), layout: of("LayoutDuration") + of("RecalcStyleDuration"), tasks: of("TaskDuration") };
}

/** Runs `work`, which resolves to the milliseconds between frames, and says what they cost. */
export async function costOf(page, work) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const before = await counts(session);
  const frames = await work();
  const after = await counts(session);
  await session.detach();
  const each = (name) => (after[name] - before[name]) / frames.length;
  return { p50: median(frames), p95: percentile(frames, 0.95), script: each("script"), layout: each("layout"), tasks: each("tasks"), count: frames.length };
}

/** Milliseconds between so many frames in which the page is left to itself. */
export const restingFrames = (page, count) => page.evaluate(framesOf, count);

/** Milliseconds between so many frames while an element is scrolled by `step` pixels each frame, or by its own height. */
export const scrollingFrames = (element, step, count) => element.evaluate(framesOfScrolling, { step, count });

function framesOf(count) {
  return new Promise((resolve) => {
    const frames = [];
    let before = performance.now();
    const next = (now) => {
      frames.push(now - before);
      before = now;
      if (frames.length > count) return resolve(frames.slice(1));
      window.requestAnimationFrame(next);
    };
    window.requestAnimationFrame(next);
  });
}

function framesOfScrolling(box, { step, count }) {
  return new Promise((resolve) => {
    const frames = [];
    let before = performance.now();
    box.scrollTop = 0;
    const next = (now) => {
      frames.push(now - before);
      before = now;
      if (box.scrollTop + box.clientHeight >= box.scrollHeight - 2 || frames.length > count) return resolve(frames.slice(2));
      box.scrollTop += step ?? box.clientHeight;
      window.requestAnimationFrame(next);
    };
    window.requestAnimationFrame(next);
  });
}

/** A page without any script that shows as many lines as a list of ours, to be scrolled beside it. */
export async function plainList(page, { lines, height, cells }) {
  const line = (number) => `<div style="display:flex;height:${height}px">${`<span style="flex:1">Number ${number}</span>`.repeat(cells)}</div>`;
  const text = Array.from({ length: lines }, (_, index) => line(index)).join("");
  // A page of ours would bring its policy along, which forbids styles like these.
  await page.goto("about:blank");
  await page.setContent(`<div id="list" style="height:600px;overflow:auto;font:14px sans-serif">${text}</div>`);
  return page.locator("#list");
}
