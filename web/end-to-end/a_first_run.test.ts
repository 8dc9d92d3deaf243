import { expect, it } from "vitest";
import { newPage, PASSWORD, useBrowser } from "./browser";

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
  await page.getByRole("textbox", { name: "Message" }).fill("What is the capital of France?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL("**/c/*");
  // A model this small says many things; that it says something, after the question, is what is promised.
  const answer = async () => (await page.getByRole("main").innerText()).split("capital of France?")[1] ?? "";
  await expect.poll(answer, { timeout: 45_000 }).toMatch(/\w+ \w+ \w+/);
});
