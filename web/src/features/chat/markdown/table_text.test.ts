import { expect, it } from "vitest";
import { asCsv, asMarkdown } from "./table_text";

it("quotes what CSV needs quoted and disarms formulas", () => {
  expect(asCsv([["a", 'say "hi"', "1,5"], ["=SUM(A1)", "-5", "-x"]])).toBe('a,"say ""hi""","1,5"\r\n\'=SUM(A1),-5,\'-x\r\n');
});

it("writes Markdown", () => {
  expect(asMarkdown([["a", "b"], ["1|2", "3"]])).toBe("| a | b |\n| --- | --- |\n| 1\\|2 | 3 |\n");
});
