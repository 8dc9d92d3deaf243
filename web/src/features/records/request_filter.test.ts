import { describe, expect, it } from "vitest";
import { EVERYTHING, isNarrowed, queryOf } from "./request_filter";

describe("queryOf", () => {
  it("asks for everything without a filter", () => {
    expect(queryOf(EVERYTHING, 1000)).toEqual({});
    expect(isNarrowed(EVERYTHING)).toBe(false);
  });

  it("names only what is looked for", () => {
    const filter = { ...EVERYTHING, outcome: "failed" as const, requestId: " req_1 ", minDurationMs: 5000, lastS: 60 };
    expect(queryOf(filter, 1000.5)).toEqual({ outcome: "failed", request_id: "req_1", min_duration_ms: 5000, since: 940 });
    expect(isNarrowed(filter)).toBe(true);
  });

  it("keeps a least duration of nothing apart from none", () => {
    expect(queryOf({ ...EVERYTHING, minDurationMs: 0 }, 1)).toEqual({ min_duration_ms: 0 });
  });
});
