import { describe, expect, it } from "vitest";
import { timeLineOf } from "./time_line";

describe("timeLineOf", () => {
  it("cuts a request into waiting, the way to the first token, and writing", () => {
    expect(timeLineOf({ queue_ms: 100, first_token_ms: 300, duration_ms: 1000 })).toEqual([
      { phase: "queue", ms: 100, share: 0.1 },
      { phase: "prompt", ms: 200, share: 0.2 },
      { phase: "answer", ms: 700, share: 0.7 },
    ]);
  });

  it("shows one piece when there was no token", () => {
    expect(timeLineOf({ queue_ms: null, first_token_ms: null, duration_ms: 40 })).toEqual([{ phase: "whole", ms: 40, share: 1 }]);
  });

  it("never goes beyond the whole or below nothing", () => {
    const segments = timeLineOf({ queue_ms: 900, first_token_ms: 50, duration_ms: 500 });
    expect(segments).toEqual([{ phase: "queue", ms: 500, share: 1 }]);
    expect(timeLineOf({ queue_ms: null, first_token_ms: null, duration_ms: 0 })).toEqual([]);
  });
});
