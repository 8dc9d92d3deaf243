import { describe, expect, it } from "vitest";
import { barsOf, shareOf } from "./activity_bars";

describe("barsOf", () => {
  it("makes the largest as high as the chart and shows small ones too", () => {
    const heights = barsOf([0, 1, 1000, 500]).map((bar) => bar.height);
    expect(heights).toEqual([0, 0.02, 1, 0.5]);
  });

  it("puts bars next to each other without overlap", () => {
    const bars = barsOf([1, 1, 1, 1]);
    expect(bars.map((bar) => bar.start)).toEqual([0, 0.25, 0.5, 0.75]);
    expect(bars.every((bar) => bar.width < 0.25)).toBe(true);
  });

  it("draws nothing when nothing happened", () => {
    expect(barsOf([])).toEqual([]);
    expect(barsOf([0, 0]).every((bar) => bar.height === 0)).toBe(true);
  });
});

it("shareOf stays between nothing and everything", () => {
  expect([shareOf(1, 4), shareOf(9, 4), shareOf(1, 0), shareOf(-1, 4)]).toEqual([0.25, 1, 0, 0]);
});
