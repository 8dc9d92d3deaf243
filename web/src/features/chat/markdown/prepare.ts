const CODE = /(^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,12}\2[`~]*[ \t]*$|$(?![\s\S])))|(`+)(?!`)[\s\S]*?[^`]\3(?!`)/gm;

/**
 * Turns what models write into what the Markdown parser reads: `\(…\)` and `\[…\]` as formulas, `$…$` only where it
 * can be one, so that prices stay prices, and no footnotes, whose marks would collide between answers. Code stays.
 */
export function prepare(block: string): string {
  if (!/[$\\[]/.test(block)) return block;
  let result = "";
  let from = 0;
  for (const code of block.matchAll(CODE)) {
    result += outsideCode(block.slice(from, code.index)) + code[0];
    from = code.index + code[0].length;
  }
  return result + outsideCode(block.slice(from));
}

function outsideCode(text: string): string {
  return text
    .replace(/\[\^/g, "\\[^")
    .replace(/\\\[([\s\S]{1,4000}?)\\\]/g, (_, formula: string) => `\n$$\n${formula.trim()}\n$$\n`)
    .replace(/\\\(([^\n]{1,1000}?)\\\)/g, (_, formula: string) => `$$${formula.trim()}$$`)
    .replace(
      // A formula touches its dollars, holds no other, and no digit follows it: "$5 and $10" are prices.
      /(?<![\\$\w])\$(?![\s$])([^$\n]{0,999}[^$\s\\])\$(?![\d$])/g,
      (_, formula: string) => `$$${formula}$$`,
    )
    .replace(/^\$\$([^$\n]+)\$\$[ \t]*$/gm, (_, formula: string) => `$$\n${formula.trim()}\n$$`);
}

/** Whether a block may hold formulas, for which more code has to be loaded. */
export function mayHoldMath(prepared: string): boolean {
  return prepared.includes("$$");
}
