import type { Locator, Page } from "playwright-core";
import { expect, it } from "vitest";
import { remote, useBrowser } from "./browser";
import { answers, expectCounted, numbersIn } from "./chat";
import { SECOND, SEEING, THIRD } from "./engines";
import { inside } from "./people";

useBrowser();

const column = (page: Page, number: number): Locator => page.getByRole("region", { name: new RegExp(`^Model ${number}: `) });

async function askAll(page: Page, question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your question to all models" }).fill(question);
  await page.getByRole("button", { name: "Ask all models" }).click();
}

it("compares two to four models by their address, stops one or all, and goes on with one", { timeout: 120_000 }, async () => {
  const { page } = await inside("judge", `/compare?models=echo,${SECOND}`);
  await column(page, 2).waitFor();
  expect(await page.getByRole("region", { name: /^Model \d: / }).count()).toBe(2);
  await askAll(page, "say:the same for both");
  for (const number of [1, 2]) await column(page, number).getByText("the same for both", { exact: true }).waitFor();

  for (const [number, name] of [[3, THIRD], [4, SEEING]] as const) {
    await page.getByRole("button", { name: "Add a model" }).click();
    await page.getByRole("button", { name: `Model ${number}: No model` }).click();
    await page.getByRole("combobox", { name: "Search models" }).fill(name);
    await page.getByRole("option", { name }).click();
    await column(page, number).waitFor();
  }
  expect(await page.getByRole("button", { name: "Add a model" }).count()).toBe(0);
  await expect.poll(() => new URL(page.url()).searchParams.get("models")).toBe(`echo,${SECOND},${THIRD},${SEEING}`);

  await askAll(page, "slow:400");
  for (const number of [1, 2, 3, 4]) await column(page, number).getByText("word3").waitFor();
  expect(await remote("/engine/running")).toBe(4);
  await page.getByRole("button", { name: `Stop ${SECOND}` }).click();
  await expect.poll(() => remote("/engine/running")).toBe(3);
  await page.getByRole("button", { name: "Stop all answers" }).click();
  await expect.poll(() => remote("/engine/running")).toBe(0);
  const numbers = await numbersIn(column(page, 3).getByRole("article").last());
  expect(numbers.length).toBeGreaterThan(2);
  expectCounted(numbers);

  await page.getByRole("button", { name: "Remove model 4" }).click();
  await column(page, 4).waitFor({ state: "detached" });
  await column(page, 1).getByRole("button", { name: "Go on with this one in a chat" }).click();
  await page.waitForURL("**/c/**");
  await answers(page).first().getByText("the same for both").waitFor();
});

it("shows one model at a time on a phone", async () => {
  const { page } = await inside("judge", `/compare?models=echo,${SECOND},${THIRD}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const tabs = page.getByRole("tablist", { name: "Compare models" });
  await tabs.getByRole("tab", { name: SECOND }).tap();
  await page.getByRole("tabpanel").waitFor();
  await askAll(page, "say:small");
  await page.getByText("small", { exact: true }).first().waitFor();
  await tabs.getByRole("tab", { name: THIRD }).tap();
  await page.getByText("small", { exact: true }).first().waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBe(0);
});
