// Takes a picture of every page of a running Covey's interface. Arguments: address, user name, password, folder, and
// optionally a language. Each page in light and dark, on a desktop and on a phone: <folder>/<page>-<scheme>-<size>.png.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, username, password, folder, locale = "en-GB"] = process.argv.slice(2);
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const browser = await chromium.launch({
  executablePath: process.env.COVEY_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
mkdirSync(folder, { recursive: true });

async function settle(page) {
  await page.waitForLoadState("networkidle", { timeout: 2500 }).catch(() => undefined);
  await page.waitForTimeout(400);
}

async function logIn(context) {
  const page = await context.newPage();
  await page.goto(address + "/login");
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.waitForURL((url) => url.pathname === "/");
  return page;
}

async function pathsOf(page) {
  const found = new Set(["/"]);
  for (const start of ["/", "/account", "/admin"]) {
    const from = start === "/" ? "/" : [...found].find((path) => path.startsWith(start));
    if (from === undefined) continue;
    await page.goto(address + from);
    await settle(page);
    for (const link of await page.locator("nav a[href^='/']").all()) found.add(await link.getAttribute("href"));
  }
  const chats = [...found].filter((path) => path.startsWith("/c/")).slice(0, 1);
  return [...[...found].filter((path) => !path.startsWith("/c/")), ...chats, "/compare"];
}

for (const scheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const wide = await browser.newContext({ viewport: SIZES.desktop, colorScheme: scheme, locale });
    const page = await logIn(wide);
    const paths = await pathsOf(page);
    await page.setViewportSize(viewport);
    for (const path of paths) {
      await page.goto(address + path);
      await settle(page);
      const name = path === "/" ? "start" : path.startsWith("/c/") ? "chat" : path.slice(1).replace(/\W+/g, "-");
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${size}.png`) });
    }
    await wide.close();
  }
}
await browser.close();
