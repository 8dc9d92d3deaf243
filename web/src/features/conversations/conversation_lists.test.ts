import { expect, it } from "vitest";
import type { ConversationInfo } from "@/lib/api_types";
import type { Pages } from "./api/conversation_queries";
import { infosOf, placed, removed } from "./conversation_pages";
import { foundRows, nextRow, periodOf, rowsOf } from "./conversation_rows";

function info(id: string, updated_at: number, facts: Partial<ConversationInfo> = {}): ConversationInfo {
  return { id, title: id, folder: "", pinned: false, model: null, created_at: 0, updated_at, message_count: 0, revision: 1, active_leaf: null, ...facts };
}

function pages(...lists: ConversationInfo[][]): Pages {
  return {
    pages: lists.map((items, index) => ({ items, next: index < lists.length - 1 ? "more" : null, matches: {} })),
    pageParams: lists.map(() => null),
  };
}

const ids = (list: Pages) => infosOf(list).map((each) => each.id);

it("moves what was used to the top of its list", () => {
  expect(ids(placed(pages([info("a", 9), info("b", 8)], [info("c", 7)]), info("c", 10), { pinned: false }))).toEqual(["c", "a", "b"]);
});

it("takes out what no longer belongs and puts in what does", () => {
  const list = pages([info("a", 9), info("b", 8)]);
  expect(ids(placed(list, info("a", 9, { pinned: true }), { pinned: false }))).toEqual(["b"]);
  expect(ids(placed(list, info("c", 8.5, { folder: "x" }), { folder: "" }))).toEqual(["a", "b"]);
  expect(ids(placed(list, info("c", 1, { folder: "x" }), { folder: "x" }))).toEqual(["a", "b", "c"]);
  expect(ids(placed(pages([]), info("c", 1), {}))).toEqual(["c"]);
});

it("leaves what is older than the loaded pages to the next page", () => {
  const list = pages([info("a", 9)]);
  list.pages[0]!.next = "more";
  expect(ids(placed(list, info("z", 1), {}))).toEqual(["a"]);
});

it("only changes in a search what is there", () => {
  const list = pages([info("a", 9)]);
  expect(ids(placed(list, info("b", 10), { search: "x" }))).toEqual(["a"]);
  expect(infosOf(placed(list, info("a", 10, { title: "new" }), { search: "x" }))[0]?.title).toBe("new");
});

it("keeps pages that nothing was removed from as they are", () => {
  const list = pages([info("a", 9)], [info("b", 8)]);
  const after = removed(list, new Set(["b"]));
  expect(after.pages[0]).toBe(list.pages[0]);
  expect(ids(after)).toEqual(["a"]);
});

const NOW = new Date(2026, 10, 23, 12).getTime();
const at = (...day: [number, number, number, number?]) => new Date(day[0], day[1], day[2], day[3] ?? 12).getTime() / 1000;

it("names the period of a time in the reader's days", () => {
  expect(periodOf(at(2026, 10, 23, 0), NOW)).toBe("today");
  expect(periodOf(at(2026, 10, 22, 23), NOW)).toBe("yesterday");
  expect(periodOf(at(2026, 10, 17), NOW)).toBe("week");
  expect(periodOf(at(2026, 10, 1), NOW)).toEqual({ year: 2026, month: 10 });
  expect(periodOf(at(2025, 11, 31), NOW)).toEqual({ year: 2025, month: 11 });
});

it("shows pinned ones, then folders with what is in open ones, then the rest under their periods", () => {
  const rows = rowsOf(
    {
      pinned: [info("p", 1, { pinned: true })],
      folders: [{ name: "closed", conversation_count: 3 }, { name: "open", conversation_count: 1 }],
      inFolders: new Map([["open", [info("f", 1, { folder: "open" })]]]),
      others: [info("a", at(2026, 10, 23)), info("b", at(2026, 10, 23, 1)), info("c", at(2026, 8, 1))],
    },
    NOW,
  );
  expect(rows.map((row) => row.key)).toEqual(["pinned", "pinned:p", "folders", "folder:closed", "folder:open", "folder:f", "today", "chat:a", "chat:b", "2026-8", "chat:c"]);
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  expect(nextRow(rows, 1, 1)).toBe(3);
  expect(nextRow(rows, 1, -1)).toBe(-1);
  expect(nextRow(rows, 10, 1)).toBe(-1);
});

it("shows the words that a message was found by, not the title again", () => {
  const rows = foundRows([info("a", 1), info("b", 1)], { a: { message_id: "m", snippet: "the words" }, b: { message_id: null, snippet: "b" } });
  expect(rows.map((row) => row.kind === "chat" && row.found)).toEqual([{ messageId: "m", snippet: "the words" }, null]);
});
