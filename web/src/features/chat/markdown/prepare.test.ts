import { expect, it } from "vitest";
import { mayHoldMath, prepare } from "./prepare";

it.each([
  ["It costs $5 and $10.", "It costs $5 and $10."],
  ["from $5 to $x", "from $5 to $x"],
  ["so $x+1$ holds", "so $$x+1$$ holds"],
  ["so \\(x+1\\) holds", "so $$x+1$$ holds"],
  ["`$a$` and ``\\(b\\)``", "`$a$` and ``\\(b\\)``"],
  ["```\n$a$\n```", "```\n$a$\n```"],
  ["```\n$a$ still open", "```\n$a$ still open"],
  ["see[^1]", "see\\[^1]"],
  ["$$x$$", "$$\nx\n$$"],
  ["nothing here", "nothing here"],
])("reads %j as %j", (text, wanted) => {
  expect(prepare(text)).toBe(wanted);
});

it("takes formulas in brackets for blocks of their own", () => {
  expect(prepare("a\n\\[ x \\]\nb")).toBe("a\n\n$$\nx\n$$\n\nb");
});

it("knows where formulas may be", () => {
  expect([mayHoldMath(prepare("costs $5")), mayHoldMath(prepare("is $x$"))]).toEqual([false, true]);
});
