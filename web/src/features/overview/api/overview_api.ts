import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { components } from "@/lib/schema";
import type { Complete } from "@/lib/complete";

export type Overview = Complete<components["schemas"]["Overview"]>;
export type ActivityPoint = Overview["series"][number];
export type ActivityTotals = Overview["last_hour"];

/** The service at a glance, as it is now. */
export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: () => answerOf(api.GET("/covey/v1/overview")),
  refetchInterval: 3_000,
});
