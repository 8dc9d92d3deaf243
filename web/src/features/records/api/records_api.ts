import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

export interface AuditFilter {
  action: string;
  actorId: string;
}

/** The audit log, newest first, a page at a time. */
export function auditQuery({ action, actorId }: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", action, actorId],
    queryFn: ({ pageParam }) =>
      answerOf(
        api.GET("/covey/v1/audit", {
          params: {
            query: {
              limit: 200,
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(action ? { action } : {}),
              ...(actorId ? { actor_id: actorId } : {}),
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
