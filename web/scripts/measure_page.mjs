// Measures the interface of a running Covey in Chromium and prints one JSON object. Arguments: address, user name,
// password, rounds. First contentful paint with an empty cache and with a warm one; the time from a key or a click to
// the next paint (Event Timing, steps of 8 ms); the bytes that a first visit loads; the frames while lists of ten
// thousand requests and of a thousand conversations are scrolled from end to end.
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

const REQUESTS = 10_000;
const CONVERSATIONS = 1_000;

/** Answers for the service with as many copies of one item as a list is to have. */
async function repeatItem(page, pattern, total, itemAt) {
  await page.route(pattern, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get("cursor") ?? 0);
    const end = query.get("pinned") === "true" ? from : Math.min(from + Number(query.get("limit")), total);
    const items = Array.from({ length: end - from }, (_, index) => itemAt(total - from - index));
    await route.fulfill({ json: { items, next: end > from && end < total ? String(end) : null, matches: {} } });
  });
}

/** Milliseconds between frames while an element is scrolled down by its own height each frame, to its end. */
function framesOfScrolling(box) {
  return new Promise((resolve) => {
    const frames = [];
    let before = performance.now();
    box.scrollTop = 0;
    const step = (now) => {
      frames.push(now - before);
      before = now;
      if (box.scrollTop + box.clientHeight >= box.scrollHeight - 2 || frames.length > 2000) return resolve(frames.slice(2));
      box.scrollTop += box.clientHeight;
      window.requestAnimationFrame(step);
    };
    window.requestAnimationFrame(step);
  });
}

async function longLists() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const at = Date.now() / 1000;
  const usage = { kind: "chat", model: "sample", user_id: "usr_1", key_id: null, processor: "processor-1", node: "node", outcome: "ok", error_code: null, estimated: false };
  const times = { duration_ms: 900, first_token_ms: 90, queue_ms: 5, prompt_tokens: 20, completion_tokens: 60, cached_prompt_tokens: 0, reasoning_tokens: 0 };
  await repeatItem(page, /\/covey\/v1\/requests\?/, REQUESTS, (number) => ({
    record: { ...usage, ...times, request_id: `req-${number}`, at: at - (REQUESTS - number) },
    ...{ username: "bench", user_deleted: false, key_name: null, key_prefix: null, key_deleted: false },
  }));
  await repeatItem(page, /\/covey\/v1\/conversations\?/, CONVERSATIONS, (number) => ({
    ...{ id: `conv_${number}`, title: `Number ${number}`, folder: "", pinned: false, model: "sample", message_count: 2, revision: 1, active_leaf: null },
    ...{ created_at: at - 1e6, updated_at: at - (CONVERSATIONS - number) * 60 },
  }));
  await page.goto(address + "/login");
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link").first().waitFor();
  while ((await list.getByRole("link", { name: "Number 1", exact: true }).count()) === 0) {
    await list.evaluate((each) => each.parentElement.scrollTo(0, each.parentElement.scrollHeight));
    await page.waitForTimeout(50);
  }
  const conversations = await list.evaluateHandle((each) => each.parentElement).then((box) => box.evaluate(framesOfScrolling));
  await page.goto(address + "/admin/requests");
  const table = page.getByRole("table", { name: "Request log" });
  const more = page.getByRole("button", { name: "Load more" });
  await table.waitFor();
  while ((await table.getAttribute("aria-rowcount")) !== String(REQUESTS + 1)) {
    await more.dispatchEvent("click").catch(() => undefined);
    await page.waitForTimeout(20);
  }
  const requests = await page.getByRole("group", { name: "Request log" }).evaluate(framesOfScrolling);
  await context.close();
  return { requests, conversations };
}

const visits = [];
for (let round = 0; round < Number(rounds); round += 1) visits.push(await visit("/login", true));
const { keys, typed } = await interactions();
const { requests, conversations } = await longLists();
console.log(
  JSON.stringify({
    first_paint_cold_ms: median(visits.map(({ cold }) => cold)),
    first_paint_warm_ms: median(visits.map(({ again }) => again)),
    loaded_kb: median(visits.map(({ bytes }) => bytes)) / 1000,
    key_presses: typed,
    slower_than_16_ms: keys.length,
    key_to_paint_p98_ms: keys.length / typed < 0.02 ? "<= 16" : percentile(keys, 1 - (0.02 * typed) / keys.length),
    slowest_ms: Math.max(16, ...keys),
    scroll_10000_requests_frame_p50_ms: median(requests),
    scroll_10000_requests_frame_p95_ms: percentile(requests, 0.95),
    scroll_1000_conversations_frame_p50_ms: median(conversations),
    scroll_1000_conversations_frame_p95_ms: percentile(conversations, 0.95),
  }),
);
await browser.close();
