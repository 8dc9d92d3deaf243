import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { AuditEvent } from "@/lib/api_types";

export interface AuditFilter {
  action: string;
  actorId: string;
  outcome: AuditEvent["outcome"] | "";
  target: string;
}

/** The audit log, newest first, a page at a time. */
export function auditQuery({ action, actorId, outcome, target }: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", action, actorId, outcome, target],
    queryFn: ({ pageParam }) =>
      answerOf(
        api.GET("/covey/v1/audit", {
          params: {
            query: {
              limit: 200,
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(action ? { action } : {}),
              ...(actorId ? { actor_id: actorId } : {}),
              ...(outcome ? { outcome } : {}),
              ...(target ? { target } : {}),
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
