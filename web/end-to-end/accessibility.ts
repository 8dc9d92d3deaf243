import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

interface Extent {
  /** Rules that are left out. */
  without?: readonly string[];
  /** These rules alone, instead of all. */
  only?: readonly string[];
}

/** What axe finds wrong with the page as it is now, a line each; none is the aim. */
export async function violations(page: Page, { without = [], only }: Extent = {}): Promise<string[]> {
  // The page's own policy forbids inline scripts; through the debugger none of it is inline.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const found = await page.evaluate(async ([runOnly, rules]) => {
    const axe = (window as unknown as { axe: { run: (root: Document, options: object) => Promise<{ violations: unknown[] }> } }).axe;
    return (await axe.run(document, { runOnly, rules: Object.fromEntries(rules.map((rule) => [rule, { enabled: false }])) })).violations;
  }, [only === undefined ? { type: "tag", values: TAGS } : { type: "rule", values: [...only] }, only === undefined ? without : []] as const);
  return (found as Violation[]).flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`.replace(/\s+/g, " ")),
  );
}
