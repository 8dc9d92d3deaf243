// Measures the interface of a running Covey in Chromium and prints one JSON object. Arguments: address, user name,
// password, a model that answers in Markdown for at least ten seconds, rounds. First contentful paint with an empty cache
// and with a warm one; the time from a key or a click to the next paint (Event Timing, steps of 8 ms); the bytes that a
// first visit loads; frames while an answer streams into a chat of 500 messages, and while lists of ten thousand requests
// and of a thousand conversations are scrolled, each beside something plain.
import { chromium } from "playwright-core";
import { chats, makeLongChat } from "./measure_chat.mjs";
import { median, percentile } from "./measure_frames.mjs";
import { lists } from "./measure_lists.mjs";

const [address, username, password, model, rounds = "5"] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.COVEY_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const VIEW = { viewport: { width: 1280, height: 800 } };

async function paint(page) {
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
}

async function visit(path) {
  const context = await browser.newContext(VIEW);
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
  await page.goto(address + path);
  const again = await paint(page);
  await context.close();
  return { cold, again, bytes: loaded };
}

const WORDS = "The quick brown fox jumps over the lazy dog. ".repeat(3);

/** How long each key took to the next paint when that was 16 ms or more: in the composer, or in a bare field. */
async function typing(bare) {
  const { page, close } = await inside();
  await page.addInitScript(() => {
    window.delays = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.interactionId) window.delays.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
  });
  await page.goto(bare ? `${address}/healthz` : address);
  if (bare) await page.evaluate(() => document.body.append(document.createElement("textarea")));
  await page.getByRole("textbox").first().click();
  await page.keyboard.type(WORDS, { delay: 30 });
  await page.waitForTimeout(500);
  const keys = await page.evaluate(() => window.delays);
  await close();
  return keys;
}

async function call(method, path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(address + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}

/** A page of somebody who is logged in; nothing is open there yet. */
async function inside() {
  const { access_token: token, refresh_token: refresh } = await call("POST", "/covey/v1/auth/login", { username, password });
  await call("PUT", "/covey/v1/preferences", { values: { model } }, token);
  const localStorage = [{ name: "covey.refresh", value: refresh }];
  const context = await browser.newContext({ ...VIEW, storageState: { cookies: [], origins: [{ origin: new URL(address).origin, localStorage }] } });
  return { page: await context.newPage(), call: (method, path, body) => call(method, path, body, token), close: () => context.close() };
}

async function frameRound() {
  const { page, call, close } = await inside();
  const chat = await chats(page, address, await makeLongChat(call, model));
  const list = await lists(page, address);
  await close();
  return { ...chat, ...list };
}

/** Of the keys, not of the events: keys below 16 ms are not told of. */
const p98 = (delays) => (delays.length < 0.02 * WORDS.length ? "<= 16" : percentile(delays, 1 - (0.02 * WORDS.length) / delays.length));

const visits = [];
const frames = [];
for (let round = 0; round < Number(rounds); round += 1) visits.push(await visit("/login"));
const slow = await typing(false);
const bare = await typing(true);
for (let round = 0; round < Number(rounds); round += 1) frames.push(await frameRound());
const frameCosts = Object.fromEntries(
  Object.keys(frames[0]).map((what) => [what, Object.fromEntries(Object.keys(frames[0][what]).map((name) => [name, median(frames.map((round) => round[what][name]))]))]),
);
console.log(
  JSON.stringify({
    first_paint_cold_ms: median(visits.map(({ cold }) => cold)),
    first_paint_warm_ms: median(visits.map(({ again }) => again)),
    loaded_kb: median(visits.map(({ bytes }) => bytes)) / 1000,
    key_presses: WORDS.length,
    key_to_paint_p98_ms: p98(slow),
    key_to_paint_slowest_ms: Math.max(16, ...slow),
    key_to_paint_in_a_bare_field_p98_ms: p98(bare),
    key_to_paint_in_a_bare_field_slowest_ms: Math.max(16, ...bare),
    frames: frameCosts,
  }),
);
await browser.close();
