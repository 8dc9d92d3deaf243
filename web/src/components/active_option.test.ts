import { expect, it } from "vitest";
import { stepped } from "./active_option";

it("goes round with up and down and stops at the ends with pages", () => {
  expect(stepped("ArrowDown", 2, 3)).toBe(0);
  expect(stepped("ArrowUp", 0, 3)).toBe(2);
  expect(stepped("PageDown", 1, 3)).toBe(2);
  expect(stepped("PageUp", 1, 3)).toBe(0);
  expect(stepped("a", 1, 3)).toBeNull();
});
