/** What is in a block that is one fenced code, finished or not; null for any other block. */
export function fencedCode(block: string): { code: string; language: string } | null {
  const opening = /^( {0,3})(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*(?:\n|$)/.exec(block);
  if (opening === null) return null;
  const [head, indent = "", fence = "```", language = ""] = opening;
  let code = block.slice(head.length).trimEnd();
  const lastLine = code.slice(code.lastIndexOf("\n") + 1).trim();
  const closing = lastLine.length >= fence.length && lastLine === (fence[0] ?? "`").repeat(lastLine.length);
  if (closing) code = code.slice(0, Math.max(0, code.lastIndexOf("\n")));
  if (indent) code = code.replace(new RegExp(`^ {1,${indent.length}}`, "gm"), "");
  return { code, language: language.replace(/[{},].*$/, "") };
}
