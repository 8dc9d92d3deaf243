import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useBrowser } from "./browser";
import { call, inside } from "./people";

useBrowser();

const REQUESTS = 10_000;
const CONVERSATIONS = 1_000;

interface ConversationPage {
  items: { id: string; title: string; updated_at: number }[];
  next: string | null;
  matches: object;
}

interface LogPage {
  items: { record: { request_id: string; at: number } }[];
  next: string | null;
}

/** Answers for the service with a log of ten thousand requests, each a copy of a real one under a number of its own. */
async function withLongLog(page: Page, token: string): Promise<void> {
  await call(token, "POST", "/v1/chat/completions", { model: "echo", messages: [{ role: "user", content: "say:x" }] });
  const newest = async () => (await call<LogPage>(token, "GET", "/covey/v1/requests?limit=1")).items[0];
  await expect.poll(newest, { timeout: 20_000 }).toBeDefined();
  const real = await newest();
  if (real === undefined) throw new Error("the request log is empty");
  await page.route(/\/covey\/v1\/requests\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get("cursor") ?? 0);
    const end = Math.min(from + Number(query.get("limit")), REQUESTS);
    const items = Array.from({ length: end - from }, (_, index) => {
      const number = REQUESTS - from - index;
      return { ...real, record: { ...real.record, request_id: `req-${number}`, at: real.record.at - index } };
    });
    await route.fulfill({ json: { items, next: end < REQUESTS ? String(end) : null } satisfies LogPage });
  });
}

it("shows ten thousand requests with a few rows, the right ones, from end to end", { timeout: 120_000 }, async () => {
  const { page, token } = await inside("admin", "");
  await withLongLog(page, token);
  await page.goto("/admin/requests");
  const table = page.getByRole("table", { name: "Request log" });
  const scroller = page.getByRole("group", { name: "Request log" });
  await table.getByText(`req-${REQUESTS}`, { exact: true }).waitFor();
  for (let count = Number(await table.getAttribute("aria-rowcount")); count <= REQUESTS; count = Number(await table.getAttribute("aria-rowcount"))) {
    await page.getByRole("button", { name: "Load more" }).dispatchEvent("click");
    await expect.poll(async () => Number(await table.getAttribute("aria-rowcount")), { timeout: 20_000, interval: 20 }).toBeGreaterThan(count);
  }
  await scroller.evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await table.getByText("req-1", { exact: true }).waitFor();
  const last = table.getByRole("row").last();
  expect(await last.getAttribute("aria-rowindex")).toBe(String(REQUESTS + 1));
  expect(await table.getByRole("row").count()).toBeLessThan(120);
  await scroller.evaluate((box) => box.scrollTo(0, box.scrollHeight / 2));
  await expect.poll(() => table.getByRole("row").nth(10).innerText()).toMatch(/req-(49|50)\d\d/);
  await scroller.evaluate((box) => box.scrollTo(0, 0));
  await table.getByText(`req-${REQUESTS}`, { exact: true }).waitFor();
  expect(await table.getByRole("row").count()).toBeLessThan(120);
});

/** The same for a list of a thousand conversations. */
async function withManyConversations(page: Page, token: string): Promise<void> {
  await call(token, "POST", "/covey/v1/conversations", { title: "x", model: "echo" });
  const [real] = (await call<ConversationPage>(token, "GET", "/covey/v1/conversations?limit=1")).items;
  if (real === undefined) throw new Error("there is no conversation");
  await page.route(/\/covey\/v1\/conversations\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get("cursor") ?? 0);
    const end = query.get("pinned") === "true" ? from : Math.min(from + Number(query.get("limit") ?? 50), CONVERSATIONS);
    const items = Array.from({ length: end - from }, (_, index) => {
      const number = CONVERSATIONS - from - index;
      return { ...real, id: `conv_${number}`, title: `Number ${number}`, updated_at: real.updated_at - 60 * (from + index) };
    });
    await route.fulfill({ json: { items, next: end > from && end < CONVERSATIONS ? String(end) : null, matches: {} } satisfies ConversationPage });
  });
}

it("shows a thousand conversations with a few rows, down to the first one", { timeout: 120_000 }, async () => {
  const { page, token } = await inside("collector", "");
  await withManyConversations(page, token);
  await page.goto("/");
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link", { name: `Number ${CONVERSATIONS}`, exact: true }).waitFor();
  const scrollToEnd = () => list.evaluate((each) => each.parentElement?.scrollTo(0, each.parentElement.scrollHeight));
  const oldest = list.getByRole("link", { name: "Number 1", exact: true });
  await expect
    .poll(
      async () => {
        await scrollToEnd();
        expect(await list.getByRole("listitem").count()).toBeLessThan(80);
        return oldest.count();
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(1);
  // By keys from there: the rows above come into being as they are reached.
  await oldest.focus();
  for (let step = 0; step < 5; step += 1) await page.keyboard.press("ArrowUp");
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Number 6");
});
