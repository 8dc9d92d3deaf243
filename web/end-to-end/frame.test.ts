import { expect, it } from "vitest";
import { base, newPage, useBrowser } from "./browser";
import { account, adminPage, inside, pageOf } from "./people";

useBrowser();

it("is served with a policy that lets nothing inline and nothing from elsewhere in", async () => {
  const page = await newPage();
  const answer = await page.goto("/login");
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

it("loads nothing from anywhere else", async () => {
  await account("admin");
  const page = await newPage();
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const { host, protocol } = new URL(request.url());
    if (host !== new URL(base).host && !["data:", "blob:", "about:"].includes(protocol)) elsewhere.push(request.url());
  });
  await page.goto("/login");
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  expect(elsewhere).toEqual([]);
});

it("comes back to the page that was asked for after logging in, and only to pages of its own", async () => {
  const page = await pageOf("wanderer", "/c/conv_missing");
  expect(new URL(page.url()).pathname).toBe("/c/conv_missing");
  // What is not there cannot be asked anything; a new chat can.
  await page.getByText("This does not exist").waitFor();
  expect(await page.getByRole("textbox", { name: "Your message" }).count()).toBe(0);
  await page.getByRole("main").getByRole("link", { name: "New chat" }).click();
  await page.getByRole("textbox", { name: "Your message" }).waitFor();
  const other = await newPage();
  await other.goto("/login?next=//evil.example/x");
  await other.locator("input[name=username]").fill("wanderer");
  await other.locator("input[name=password]").fill("a long enough phrase");
  await other.getByRole("button", { name: "Log in" }).click();
  await other.waitForURL((url) => url.pathname === "/");
});

it("keeps the session over a reload and ends it in every tab", async () => {
  const page = await adminPage();
  await page.reload();
  await page.getByRole("button", { name: /Account menu of/ }).waitFor();
  const second = await page.context().newPage();
  await second.goto("/");
  await second.getByRole("button", { name: /Account menu of/ }).click();
  await second.getByRole("menuitem", { name: "Log out", exact: true }).click();
  await second.waitForURL("**/login");
  await page.waitForURL("**/login**");
});

it("stays logged in however impatiently it is reloaded", async () => {
  const { page } = await inside("impatient");
  const menu = page.getByRole("button", { name: /Account menu of/ });
  await menu.waitFor();
  for (let time = 0; time < 4; time += 1) {
    // Again in the very moment in which the page first asks the service for something.
    await Promise.all([page.waitForRequest(/\/covey\/v1\//), page.reload({ waitUntil: "commit" })]);
  }
  await menu.waitFor();
  await page.getByRole("textbox", { name: "Your message" }).waitFor();
});

it("speaks German and Arabic, the latter from right to left, and remembers it", async () => {
  const page = await pageOf("polyglot");
  await page.getByRole("button", { name: /Account menu of/ }).click();
  await page.getByRole("menuitemradio", { name: "العربية" }).click();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.documentElement.dir)).toBe("rtl");
  const box = await page.getByRole("navigation").first().boundingBox();
  expect(box?.x).toBeGreaterThan(600);
  await page.reload();
  await page.getByRole("button", { name: /قائمة حساب/ }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe("de");
});

it("takes the language and the scheme of the browser at first", async () => {
  const page = await newPage({ locale: "de-AT", colorScheme: "dark" });
  await page.goto("/login");
  await page.getByRole("heading", { name: "Anmelden" }).waitFor();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(16, 23, 22)");
});

it("says that a page does not exist, and leads back", async () => {
  const page = await adminPage("/nowhere");
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await page.getByRole("link", { name: "Go to the chat" }).click();
  await page.waitForURL((url) => url.pathname === "/");
});
