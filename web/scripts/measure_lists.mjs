// Ten thousand logged requests and a thousand conversations while they are scrolled, beside plain lists of as many lines.
import { costOf, plainList, scrollingFrames } from "./measure_frames.mjs";

const REQUESTS = 10_000;
const CONVERSATIONS = 1_000;
/** About as fast as a wheel is turned, and as far as nobody can read. */
const STEP_PX = 120;
const MOST_FRAMES = 300;

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

export async function fillLists(page) {
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
}

/** What frames cost while each list is scrolled as by a wheel, and by a screen each frame. */
export async function lists(page, address) {
  await fillLists(page);
  const conversations = await allConversations(page, address);
  const costs = { ...(await scrolled(page, "1000 conversations", conversations)) };
  Object.assign(costs, await scrolled(page, "10000 requests", await allRequests(page, address)));
  return Object.assign(costs, await scrolled(page, "10000 plain lines", await plainList(page, { lines: REQUESTS, height: 49, cells: 10 })));
}

async function scrolled(page, name, element) {
  const wheel = await costOf(page, () => scrollingFrames(element, STEP_PX, MOST_FRAMES));
  const screens = await costOf(page, () => scrollingFrames(element, undefined, MOST_FRAMES));
  return { [`${name}, ${STEP_PX} pixels a frame`]: wheel, [`${name}, a screen a frame`]: screens };
}

async function allConversations(page, address) {
  await page.goto(`${address}/`);
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link").first().waitFor();
  while ((await list.getByRole("link", { name: "Number 1", exact: true }).count()) === 0) {
    await list.evaluate((each) => each.parentElement.scrollTo(0, each.parentElement.scrollHeight));
    await page.waitForTimeout(50);
  }
  return list.locator("..");
}

async function allRequests(page, address) {
  await page.goto(`${address}/admin/requests`);
  const table = page.getByRole("table", { name: "Request log" });
  await table.waitFor();
  while ((await table.getAttribute("aria-rowcount")) !== String(REQUESTS + 1)) {
    await page.getByRole("button", { name: "Load more" }).dispatchEvent("click").catch(() => undefined);
    await page.waitForTimeout(20);
  }
  return page.getByRole("group", { name: "Request log" });
}
