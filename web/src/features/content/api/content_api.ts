import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

/** Whether administrators can read what is asked and answered. It changes with a restart of the service only. */
export const contentPolicyQuery = queryOptions({
  queryKey: ["content-policy"],
  queryFn: () => answerOf(api.GET("/covey/v1/content-policy")),
  staleTime: 5 * 60_000,
});

/** What is kept of one request. Every reading is in the audit log, so it is read when it is asked for and at no other time. */
export function requestContentQuery(requestId: string) {
  return queryOptions({
    queryKey: ["request-content", requestId],
    queryFn: () => answerOf(api.GET("/covey/v1/requests/{request_id}/content", { params: { path: { request_id: requestId } } })),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnMount: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
}
