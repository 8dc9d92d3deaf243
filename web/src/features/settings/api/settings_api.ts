import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => answerOf(api.GET("/covey/v1/settings")),
  staleTime: 60_000,
});
