import type { Complete } from "@/lib/complete";
import type { components, operations } from "@/lib/schema";

export type LoggedRequest = Complete<components["schemas"]["LoggedRequest"]>;
export type UsageRecord = LoggedRequest["record"];
export type Outcome = UsageRecord["outcome"];
type Query = NonNullable<operations["requests.query"]["parameters"]["query"]>;

/** What is looked for in the request log; empty texts and null look for everything. */
export interface RequestFilter {
  outcome: Outcome | "";
  userId: string;
  keyId: string;
  model: string;
  node: string;
  requestId: string;
  minDurationMs: number | null;
  /** Only what ended in the last so many seconds. */
  lastS: number | null;
}

export const EVERYTHING: RequestFilter = {
  outcome: "",
  userId: "",
  keyId: "",
  model: "",
  node: "",
  requestId: "",
  minDurationMs: null,
  lastS: null,
};

export function isNarrowed(filter: RequestFilter): boolean {
  return Object.values(filter).some((value) => value !== "" && value !== null);
}

/** The filter as the service understands it, at a time in Unix seconds. */
export function queryOf(filter: RequestFilter, nowS: number): Query {
  const query: Query = {};
  if (filter.outcome) query.outcome = filter.outcome;
  if (filter.userId) query.user_id = filter.userId;
  if (filter.keyId) query.key_id = filter.keyId;
  if (filter.model) query.model = filter.model;
  if (filter.node) query.node = filter.node;
  if (filter.requestId.trim()) query.request_id = filter.requestId.trim();
  if (filter.minDurationMs !== null) query.min_duration_ms = filter.minDurationMs;
  if (filter.lastS !== null) query.since = Math.floor(nowS - filter.lastS);
  return query;
}
