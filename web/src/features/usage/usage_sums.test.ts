import { expect, it } from "vitest";
import type { UsageRow } from "@/lib/api_types";
import { csvOf, grouped, lastDays, tokensOf } from "./usage_sums";

const row = (day: string, model: string, key: string | null, tokens: number): UsageRow =>
  ({ day, model, user_id: "u", key_id: key, totals: { requests: 1, prompt_tokens: tokens, completion_tokens: 1, failed: 0, cancelled: 0 } }) as UsageRow;
const rows = [row("2026-01-02", "b", "k", 5), row("2026-01-01", "a", null, 9), row("2026-01-02", "a", "k", 1)];

it("adds up by day in order", () => {
  expect(grouped(rows, "day").map(({ id, totals }) => [id, totals.requests, tokensOf(totals)])).toEqual([
    ["2026-01-01", 1, 10],
    ["2026-01-02", 2, 8],
  ]);
});

it("adds up by model and by key, largest first", () => {
  expect(grouped(rows, "model").map(({ id }) => id)).toEqual(["a", "b"]);
  expect(grouped(rows, "key").map(({ id, totals }) => [id, tokensOf(totals)])).toEqual([
    ["", 10],
    ["k", 8],
  ]);
});

it("names days without usage too", () => {
  expect(lastDays(3, new Date("2026-03-01T05:00:00Z"))).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
});

it("writes CSV that no spreadsheet runs", () => {
  expect(csvOf([row("2026-01-01", "-1+1", null, 1)]).split("\r\n")[1]).toBe("2026-01-01,u,'-1+1,,,1,1,1,0,0");
});

it("knows what keys and users are called", () => {
  const named = { ...row("2026-01-01", "a", "k", 1), key_name: "notebook", username: "kestrel" };
  expect(grouped([named], "key")[0]?.name).toBe("notebook");
  expect(grouped([named], "user")[0]).toMatchObject({ id: "u", name: "kestrel" });
  expect(grouped(rows, "user")[0]?.name).toBeNull();
});
