import type { ConversationInfo } from "@/lib/api_types";

export type Period = "today" | "yesterday" | "week" | { year: number; month: number };

/** Where a search has found its words in a conversation. */
export interface Found {
  messageId: string;
  snippet: string;
}

/** One line of the side bar. */
export type Row =
  | { kind: "heading"; key: string; period: Period | "pinned" | "folders" }
  | { kind: "folder"; key: string; name: string; count: number; open: boolean }
  | { kind: "chat"; key: string; info: ConversationInfo; inFolder: boolean; found: Found | null };

const DAY_MS = 86_400_000;

/** When a conversation was last used, in the reader's own days. Times are Unix seconds, `now` milliseconds. */
export function periodOf(updatedAt: number, now: number): Period {
  const then = new Date(updatedAt * 1000);
  const today = new Date(now);
  today.setHours(0, 0, 0, 0);
  if (then.getTime() >= today.getTime()) return "today";
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (then.getTime() >= yesterday.getTime()) return "yesterday";
  if (then.getTime() >= today.getTime() - 7 * DAY_MS) return "week";
  return { year: then.getFullYear(), month: then.getMonth() };
}

function keyOf(period: Period): string {
  return typeof period === "string" ? period : `${period.year}-${period.month}`;
}

export interface Contents {
  pinned: readonly ConversationInfo[];
  folders: readonly { name: string; conversation_count: number }[];
  /** By the name of the folder; only open ones are there. */
  inFolders: ReadonlyMap<string, readonly ConversationInfo[]>;
  others: readonly ConversationInfo[];
}

/** Everything the side bar shows, top to bottom. */
export function rowsOf(contents: Contents, now: number): Row[] {
  const rows: Row[] = [];
  const chat = (info: ConversationInfo, place: string, inFolder = false): Row => ({
    kind: "chat",
    key: `${place}:${info.id}`,
    info,
    inFolder,
    found: null,
  });
  if (contents.pinned.length > 0) {
    rows.push({ kind: "heading", key: "pinned", period: "pinned" }, ...contents.pinned.map((info) => chat(info, "pinned")));
  }
  if (contents.folders.length > 0) rows.push({ kind: "heading", key: "folders", period: "folders" });
  for (const { name, conversation_count } of contents.folders) {
    const open = contents.inFolders.get(name);
    rows.push({ kind: "folder", key: `folder:${name}`, name, count: conversation_count, open: open !== undefined });
    for (const info of open ?? []) rows.push(chat(info, "folder", true));
  }
  let last = "";
  for (const info of contents.others) {
    const period = periodOf(info.updated_at, now);
    const key = keyOf(period);
    if (key !== last) rows.push({ kind: "heading", key, period });
    last = key;
    rows.push(chat(info, "chat"));
  }
  return rows;
}

/** What a search has found, in the service's order. */
export function foundRows(items: readonly ConversationInfo[], matches: Record<string, { message_id: string | null; snippet: string }>): Row[] {
  return items.map((info) => {
    const match = matches[info.id];
    return { kind: "chat", key: info.id, info, inFolder: false, found: match?.message_id ? { messageId: match.message_id, snippet: match.snippet } : null };
  });
}

/** The next row with a conversation or a folder from `index` in a direction; -1: there is none. */
export function nextRow(rows: readonly Row[], index: number, step: 1 | -1): number {
  for (let at = index + step; at >= 0 && at < rows.length; at += step) {
    if (rows[at]?.kind !== "heading") return at;
  }
  return -1;
}
