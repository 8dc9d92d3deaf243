// Measures the interface of a running Covey in Chromium and prints one JSON object. Arguments: address, user name,
// password, rounds. First contentful paint with an empty cache and with a warm one; the time from a key or a click to
// the next paint (Event Timing, steps of 8 ms); the bytes that a first visit loads.
import { chromium } from "playwright-core";

const [address, username, password, rounds = "5"] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.COVEY_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const percentile = (values, share) => values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))];

async function paint(page) {
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
}

async function visit(path, warm) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  let bytes = 0;
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
  });
  await page.goto(address + path);
  const cold = await paint(page);
  await page.waitForLoadState("networkidle");
  const loaded = bytes;
  let again = null;
  if (warm) {
    await page.goto(address + path);
    again = await paint(page);
  }
  await context.close();
  return { cold, again, bytes: loaded };
}

async function interactions() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.delays = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.interactionId) window.delays.push([entry.name, entry.duration]);
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
  });
  await page.goto(address + "/login");
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  const box = page.getByRole("textbox", { name: "Message" });
  await box.waitFor();
  const chatPaint = await page.evaluate(() => performance.now());
  await box.click();
  await page.keyboard.type("The quick brown fox jumps over the lazy dog. ".repeat(3), { delay: 30 });
  await page.waitForTimeout(500);
  const keys = await page.evaluate(() => window.delays.map(([, duration]) => duration));
  await context.close();
  return { keys, typed: 135 * 1, chatPaint };
}

const visits = [];
for (let round = 0; round < Number(rounds); round += 1) visits.push(await visit("/login", true));
const { keys, typed } = await interactions();
console.log(
  JSON.stringify({
    first_paint_cold_ms: median(visits.map(({ cold }) => cold)),
    first_paint_warm_ms: median(visits.map(({ again }) => again)),
    loaded_kb: median(visits.map(({ bytes }) => bytes)) / 1000,
    key_presses: typed,
    slower_than_16_ms: keys.length,
    key_to_paint_p98_ms: keys.length / typed < 0.02 ? "<= 16" : percentile(keys, 1 - (0.02 * typed) / keys.length),
    slowest_ms: Math.max(16, ...keys),
  }),
);
await browser.close();
