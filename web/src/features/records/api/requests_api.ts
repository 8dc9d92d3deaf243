import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import { queryOf, type RequestFilter } from "../request_filter";

const PAGE = 200;

/** The request log, newest first, a page at a time. */
export function requestsQuery(filter: RequestFilter) {
  return infiniteQueryOptions({
    queryKey: ["requests", filter],
    queryFn: ({ pageParam }) =>
      answerOf(
        api.GET("/covey/v1/requests", {
          params: { query: { ...queryOf(filter, Date.now() / 1000), limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
