import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useBrowser } from "./browser";
import { answered, answers, chooseModel } from "./chat";
import { account, call, inside, tokenOf } from "./people";
import { HOSTILE_MODEL } from "./hostile_model";

useBrowser();

const ANSWERS: Record<string, string> = {
  markup: `<script>window.broken=1</script><img src=x onerror="window.broken=1"><svg onload="window.broken=1"><iframe srcdoc="<script>parent.broken=1</script>">`,
  links: `[click](javascript:window.broken=1) [data](data:text/html,<script>window.broken=1</script>) <javascript:window.broken=1> [ok](https://example.org/)`,
  picture: `![x](https://example.org/track.png) ![y](javascript:window.broken=1)`,
  unclosed: "```html\n<script>window.broken=1</script>\n\n**bold _and `never closed",
  bidi: "safe \u202Egnp.exe\u202C and \u2066isolated\u2069 text",
  formula: "$$\\href{javascript:window.broken=1}{x} \\def\\a{\\a\\a}\\a$$ $\\htmlData{x=1}{y}$",
  table: `|${" a |".repeat(200)}\n|${"---|".repeat(200)}\n${`|${" b |".repeat(200)}\n`.repeat(60)}`,
  deep: `${">".repeat(400)} deep\n\n${"- ".repeat(300)}list`,
  footnote: `text[^1]\n\n[^1]: <img src=x onerror="window.broken=1">`,
};

async function expectUnharmed(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as unknown as { broken?: number }).broken)).toBeUndefined();
  const harmful = await page.evaluate(() =>
    [...document.querySelectorAll("a[href], img[src], iframe, script[src], object, embed")]
      .map((each) => each.getAttribute("href") ?? each.getAttribute("src") ?? each.tagName)
      .filter((address) => /^(javascript|vbscript|data:text)/i.test(address.trim()) || /^(IFRAME|OBJECT|EMBED)$/.test(address)),
  );
  expect(harmful).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBe(0);
}

it("runs nothing that an answer or a question says", { timeout: 180_000 }, async () => {
  const { page } = await inside("target");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await chooseModel(page, "echo");
  for (const [name, content] of Object.entries(ANSWERS)) {
    await answered(page, `say:${content}`);
    await page.waitForTimeout(200);
    expect(await answers(page).count(), name).toBeGreaterThan(0);
    await expectUnharmed(page);
  }
  expect(asked.filter((url) => url.includes("example.org"))).toEqual([]);
  await page.reload();
  await answers(page).last().waitFor();
  await expectUnharmed(page);
});

it("shows titles, key names and model names as text", async () => {
  await account("namer");
  const token = await tokenOf("namer");
  const evil = `<img src=x onerror="window.broken=1">${"long".repeat(12)}`;
  await call(token, "POST", "/covey/v1/conversations", { title: `${evil}\u202E right to left` });
  await call(token, "POST", "/covey/v1/keys", { name: evil });
  const { page } = await inside("namer");
  await page.getByText("<img src=x", { exact: false }).first().waitFor();
  await expectUnharmed(page);
  await page.goto("/account/keys");
  await page.getByRole("table").waitFor();
  await expectUnharmed(page);
  await page.goto("/");
  await page.getByRole("button", { name: /^Model: / }).click();
  await page.getByText(HOSTILE_MODEL).first().waitFor();
  await expectUnharmed(page);
});
