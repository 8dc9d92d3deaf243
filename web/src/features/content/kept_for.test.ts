import { expect, it } from "vitest";
import { keptFor } from "./kept_for";

it.each([
  [604_800, "7 days"],
  [86_400, "1 day"],
  [86_401, "2 days"],
  [86_399, "24 hours"],
  [3_600, "1 hour"],
  [90, "2 minutes"],
  [1, "1 minute"],
])("says %d seconds in a unit that people use, and never too little", (seconds, said) => {
  expect(keptFor(seconds, "en")).toBe(said);
});

it("says it in the language of the page", () => {
  expect(keptFor(86_400, "de")).toBe("1 Tag");
  expect(keptFor(604_800, "ar")).toContain("أيام");
});
