import { expect, it } from "vitest";
import { keptFor } from "./kept_for";

it.each([
  [604_800, "contentKeptDays", 7],
  [86_400, "contentKeptDays", 1],
  [86_401, "contentKeptDays", 2],
  [86_399, "contentKeptHours", 24],
  [3_600, "contentKeptHours", 1],
  [90, "contentKeptMinutes", 2],
  [1, "contentKeptMinutes", 1],
])("says %d seconds in a unit that people use, and never too little", (seconds, key, count) => {
  expect(keptFor(seconds)).toEqual({ key, count });
});
