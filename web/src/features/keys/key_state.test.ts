import { describe, expect, it } from "vitest";
import type { KeyInfo } from "@/lib/api_types";
import { keyState, secondsUntil } from "./key_state";

const key = (fields: Partial<KeyInfo>) => ({ expires_at: null, revoked_at: null, ...fields }) as KeyInfo;

describe("the state of a key", () => {
  it("is active without an end", () => expect(keyState(key({}), 100)).toBe("active"));
  it("is expired from its last second on", () => expect(keyState(key({ expires_at: 100 }), 100)).toBe("expired"));
  it("is active before", () => expect(keyState(key({ expires_at: 101 }), 100)).toBe("active"));
  it("is revoked before anything else", () => expect(keyState(key({ expires_at: 1, revoked_at: 1 }), 100)).toBe("revoked"));
});

describe("days", () => {
  const now = new Date("2026-11-23T12:00:00");
  it("last until their end", () => expect(secondsUntil("2026-11-23", now)).toBe(43_199));
  it("that are over are none", () => expect(secondsUntil("2026-11-22", now)).toBeNull());
  it("that do not exist are none", () => expect(secondsUntil("soon", now)).toBeNull());
});
