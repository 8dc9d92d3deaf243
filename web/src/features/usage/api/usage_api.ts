import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

/** Own usage, or that of `userId`, or of everybody (`*`), from a day on. Only administrators may ask for others'. */
export function usageQuery(firstDay: string, userId: string | null = null) {
  return queryOptions({
    queryKey: ["usage", firstDay, userId],
    queryFn: () =>
      answerOf(api.GET("/covey/v1/usage", { params: { query: { first_day: firstDay, ...(userId ? { user_id: userId } : {}) } } })),
    staleTime: 30_000,
  });
}
