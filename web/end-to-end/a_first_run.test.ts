import { expect, it } from "vitest";
import { newPage, PASSWORD, useBrowser } from "./browser";
import { answers, ask, stopButton, whole } from "./chat";

useBrowser();

// This file runs first: it needs a Covey without any account.
it("leads a stranger from nothing to an answer of the real model", { retry: 0 }, async () => {
  const page = await newPage();
  await page.goto("/");
  await page.waitForURL("**/register");
  await page.getByRole("heading", { name: "Set up Covey" }).waitFor();
  await page.locator("input[name=username]").fill("admin");
  await page.locator("input[name=password]").fill("short");
  await page.getByRole("button", { name: "Make the first account" }).click();
  await page.getByText("The password needs at least 10 characters.").waitFor();
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the first account" }).click();
  await page.waitForURL((url) => url.pathname === "/");
  await ask(page, "What is the capital of France?");
  await page.waitForURL("**/c/**");
  // A model this small says many things, at times for minutes; that it says something is what is promised.
  await expect.poll(() => answers(page).last().innerText(), { timeout: 45_000 }).toMatch(/\w+ \w+/);
  await stopButton(page).click({ timeout: 1_000 }).catch(() => undefined); // it may have come to its end by itself
  await whole(page);
});
