import { expect, it } from "vitest";
import { type Token, tokensOf } from "./highlighter";

const text = (tokens: (Token | string)[]): string =>
  tokens.map((token) => (typeof token === "string" ? token : text(token.children))).join("");

it.each([
  ["python", "def f(x):\n    return '<b>' + x  # done\n"],
  ["html", "<script>let a = 1;</script><style>b { c: d }</style>"],
  ["js", "const a = `x ${y}`;"],
])("keeps every character of %s", (language, code) => {
  expect(text(tokensOf(code, language) ?? [])).toBe(code);
});

it("names what it has found", () => {
  expect(JSON.stringify(tokensOf("def f(): pass", "python"))).toContain('"scope":"keyword"');
});

it("leaves languages alone that it does not know", () => {
  expect(tokensOf("x", "klingon")).toBeNull();
});
