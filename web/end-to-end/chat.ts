import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Your message" });
export const stopButton = (page: Page): Locator => page.getByRole("button", { name: "Stop the answer" });

/** Every answer that is shown, first to last. */
export const answers = (page: Page): Locator =>
  page.getByRole("article").filter({ has: page.getByRole("heading", { name: /^Answer of / }) });

export async function chooseModel(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: /^Model: / }).click();
  await page.getByRole("combobox", { name: "Search models" }).fill(name);
  await page.getByRole("option", { name }).first().click();
  await page.getByRole("button", { name: `Model: ${name}` }).waitFor();
}

export async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Asks, and waits for the whole answer. Returns its text. */
export async function answered(page: Page, question: string): Promise<string> {
  await ask(page, question);
  await page.waitForURL("**/c/**");
  await whole(page);
  return answers(page).last().innerText();
}

/** Waits until the last answer is whole. */
export async function whole(page: Page): Promise<void> {
  await expect.poll(() => answers(page).last().getAttribute("aria-busy"), { timeout: 45_000 }).toBe("false");
}

/** The numbers of `slow:` answers as they stand in the page. */
export async function numbersIn(answer: Locator): Promise<number[]> {
  return [...(await answer.innerText()).matchAll(/word(\d+)/g)].map((match) => Number(match[1]));
}

/** 1, 2, 3 … without a gap or a repetition. */
export function expectCounted(numbers: number[]): void {
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
}
