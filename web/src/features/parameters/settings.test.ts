import { expect, it } from "vitest";
import { countChanged, inRange, parseNumber, parseSchema, RANGES, readSettings, withEntry, withSampling } from "./settings";

it("reads numbers as people type them", () => {
  expect(parseNumber(" 0,7 ")).toBe(0.7);
  expect(parseNumber("٠٫٥")).toBe(0.5);
  expect(parseNumber("−1")).toBe(-1);
  expect(parseNumber("")).toBeNull();
  expect(parseNumber("1.2.3")).toBeNaN();
  expect(parseNumber("0x10")).toBeNaN();
});

it("keeps to the ranges of the service", () => {
  expect(inRange(2, RANGES.temperature)).toBe(true);
  expect(inRange(2.01, RANGES.temperature)).toBe(false);
  expect(inRange(0, RANGES.top_p)).toBe(false);
  expect(inRange(0, RANGES.min_p)).toBe(true);
  expect(inRange(1.5, RANGES.top_k)).toBe(false);
  expect(inRange(2 ** 32, RANGES.seed)).toBe(false);
  expect(inRange(NaN, RANGES.temperature)).toBe(false);
});

it("removes what is set back to its default", () => {
  const warm = withSampling({}, "temperature", 0.5);
  expect(warm).toEqual({ sampling: { temperature: 0.5 } });
  expect(withSampling(warm, "temperature", null)).toEqual({});
  expect(withSampling(withSampling({}, "stop", ["x"]), "stop", [])).toEqual({});
  expect(withEntry({ system_prompt: "a" }, "system_prompt", "")).toEqual({});
});

it("counts what differs from the defaults", () => {
  expect(countChanged({})).toBe(0);
  expect(countChanged({ system_prompt: "a", sampling: { seed: 0, stop: [] }, response_format: null })).toBe(2);
});

it("takes only objects as schemas", () => {
  expect(parseSchema('{"type":"object"}')).toEqual({ type: "object" });
  expect(parseSchema("[1]")).toBeNull();
  expect(parseSchema("{")).toBeNull();
});

it("leaves out stored settings that the service would refuse", () => {
  expect(
    readSettings({
      system_prompt: 7,
      reasoning_effort: "x".repeat(40),
      response_format: { type: "json_schema", json_schema: { schema: [] } },
      sampling: { temperature: 9, top_k: 40, seed: "1", stop: ["end", "", 3], logit_bias: { "1": 2 } },
    }),
  ).toEqual({ sampling: { top_k: 40, stop: ["end"] } });
  expect(readSettings(null)).toEqual({});
  expect(readSettings({ system_prompt: "Be brief", response_format: { type: "json_object", more: 1 } })).toEqual({
    system_prompt: "Be brief",
    response_format: { type: "json_object" },
  });
});
