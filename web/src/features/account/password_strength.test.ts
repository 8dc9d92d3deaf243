import { expect, it } from "vitest";
import { strengthOf } from "./password_strength";

it("grows with the length", () => {
  expect(["abcdefghi", "abcdefghij", "abcdefghijklmn", "abcdefghijklmnopqrst"].map(strengthOf)).toEqual(["short", "fair", "good", "strong"]);
});

it("counts characters, not their halves", () => {
  expect(strengthOf("🐦🐤🐣🐥🦆")).toBe("short");
});

it("is not taken in by repetition", () => {
  expect(strengthOf("aaaaaaaaaaaaaaaaaaaaaa")).toBe("short");
  expect(strengthOf("abcdabcdabcdabcdabcdabcd")).toBe("fair");
});
