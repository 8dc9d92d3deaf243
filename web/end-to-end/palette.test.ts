import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useBrowser } from "./browser";
import { composer } from "./chat";
import { SECOND } from "./engines";
import { call, inside } from "./people";

useBrowser();

async function find(page: Page, words: string, option: RegExp | string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search chats, pages, models and actions" }).fill(words);
  await page.getByRole("option", { name: option }).first().waitFor();
}

it("leads to chats, pages, models and actions by keys alone", async () => {
  const { page, token } = await inside("pilot", "", { model: "echo" });
  const messages = [{ id: "m1", parent_id: null, created_at: 1_700_000_000, message: { role: "user", content: "Where do gannets breed?" } }];
  await call(token, "POST", "/covey/v1/conversations", { title: "Seabirds", model: "echo", messages });
  await page.goto("/");
  await composer(page).waitFor();

  await find(page, "gannets", /Seabirds/);
  await expect.poll(() => page.getByRole("option", { name: /Seabirds/ }).innerText()).toContain("gannets breed");
  await page.getByRole("option", { name: /Seabirds/ }).click();
  await page.waitForURL("**/c/**");

  await find(page, "api keys", /API keys/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account/keys");

  await find(page, SECOND, new RegExp(SECOND));
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/");
  await page.getByRole("button", { name: `Model: ${SECOND}` }).waitFor();

  await find(page, "dark", /Theme: Dark/);
  await page.keyboard.press("Enter");
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(16, 23, 22)");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search chats, pages, models and actions" }).fill("zzzzzz");
  await page.getByText("Nothing fits this.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await page.goto("/account/keys");
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL((url) => url.pathname === "/");
});

it("lists its keys, finds one among them, and lets them be switched off", async () => {
  const { page } = await inside("pianist", "/account/keys");
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByRole("textbox", { name: "Search shortcuts" }).fill("stop");
  await expect.poll(() => sheet.getByRole("term").allInnerTexts()).toEqual(["Stop the answer"]);
  await sheet.getByRole("textbox", { name: "Search shortcuts" }).fill("");
  await sheet.getByRole("switch", { name: "Shortcuts are on" }).uncheck();
  await sheet.getByRole("button", { name: "Close" }).click();
  await sheet.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.reload();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.keyboard.press("?");
  expect(await page.getByRole("dialog").count()).toBe(0);
  // Without keys there is the menu, which leads back to them.
  await page.getByRole("button", { name: /Account menu of/ }).click();
  await page.getByRole("menuitem", { name: /Keyboard shortcuts/ }).click();
  await sheet.getByRole("switch", { name: "Shortcuts are on" }).check();
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await page.getByRole("button", { name: /Account menu of/ }).click();
  await page.getByRole("menuitem", { name: /Search everything/ }).click();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("combobox");
});
