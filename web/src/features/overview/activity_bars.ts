/** One bar of a small chart, in shares of its width and height from 0 to 1. */
export interface Bar {
  start: number;
  width: number;
  height: number;
}

const GAP_SHARE = 0.25;

/** Bars of equal width, the largest as high as the chart. Values above nothing are seen whatever the largest is. */
export function barsOf(values: readonly number[]): Bar[] {
  const largest = Math.max(...values, 0);
  const step = values.length === 0 ? 0 : 1 / values.length;
  return values.map((value, index) => ({
    start: index * step,
    width: step * (1 - GAP_SHARE),
    height: largest === 0 || value <= 0 ? 0 : Math.max(value / largest, 0.02),
  }));
}

/** Part of a whole from 0 to 1; nothing of nothing is 0. */
export function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}
