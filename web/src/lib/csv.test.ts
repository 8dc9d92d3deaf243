import { expect, it } from "vitest";
import { csvCell, csvTable } from "./csv";

it("writes a line of names and one for each row", () => {
  expect(csvTable(["a", "b"], [["x", 1], ["y, z", 2]])).toBe('a,b\r\nx,1\r\n"y, z",2\r\n');
});

it("quotes quotes and makes formulas plain, but not numbers", () => {
  expect(csvCell('say "so"')).toBe('"say ""so"""');
  expect(csvCell("=1+1")).toBe("'=1+1");
  expect(csvCell("@x,y")).toBe('"\'@x,y"');
  expect(csvCell(-5)).toBe("-5");
});
