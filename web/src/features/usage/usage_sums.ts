import type { UsageRow, UsageTotals } from "@/lib/api_types";
import { csvTable } from "@/lib/csv";

export type Grouping = "day" | "model" | "key" | "user";
export type Metric = "tokens" | "requests";

export interface UsageGroup {
  /** The day, the model, the user's id or the key's id; empty for requests without a key. */
  id: string;
  /** What the user or the key is called, where the service knows it. */
  name: string | null;
  totals: UsageTotals;
}

export function tokensOf(totals: UsageTotals): number {
  return totals.prompt_tokens + totals.completion_tokens;
}

export function valueOf(totals: UsageTotals, metric: Metric): number {
  return metric === "tokens" ? tokensOf(totals) : totals.requests;
}

/** Rows with the same day, model or key added up; days in order, the others largest first. */
export function grouped(rows: readonly UsageRow[], by: Grouping): UsageGroup[] {
  const sums = new Map<string, UsageGroup>();
  for (const row of rows) {
    const id = idOf(row, by);
    const name = by === "user" ? row.username : by === "key" ? row.key_name : null;
    const before = sums.get(id);
    sums.set(id, before === undefined ? { id, name: name ?? null, totals: row.totals } : { ...before, totals: added(before.totals, row.totals) });
  }
  const groups = [...sums.values()];
  if (by === "day") return groups.sort((one, other) => one.id.localeCompare(other.id));
  return groups.sort((one, other) => tokensOf(other.totals) - tokensOf(one.totals) || one.id.localeCompare(other.id));
}

function idOf(row: UsageRow, by: Grouping): string {
  if (by === "day") return row.day;
  if (by === "model") return row.model;
  return by === "user" ? row.user_id : (row.key_id ?? "");
}

function added(one: UsageTotals, other: UsageTotals): UsageTotals {
  return {
    requests: one.requests + other.requests,
    prompt_tokens: one.prompt_tokens + other.prompt_tokens,
    completion_tokens: one.completion_tokens + other.completion_tokens,
    failed: one.failed + other.failed,
    cancelled: one.cancelled + other.cancelled,
  };
}

const DAY_MS = 86_400_000;

/** The UTC days of a range that ends today, oldest first: also those without any usage. */
export function lastDays(count: number, now: Date): string[] {
  return Array.from({ length: count }, (_, index) => new Date(now.getTime() - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10));
}

/** Every row as a line of CSV. */
export function csvOf(rows: readonly UsageRow[]): string {
  return csvTable(
    ["day", "user", "model", "key", "key_id", "requests", "prompt_tokens", "completion_tokens", "failed", "cancelled"],
    rows.map(({ day, username, user_id, model, key_id, key_name, totals }) => [
      day,
      username ?? user_id,
      model,
      key_name ?? "",
      key_id ?? "",
      totals.requests,
      totals.prompt_tokens,
      totals.completion_tokens,
      totals.failed,
      totals.cancelled,
    ]),
  );
}
