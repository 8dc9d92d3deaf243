import { QueryClient } from "@tanstack/react-query";
import { asApiError } from "@/lib/api_error";

/** What was loaded from the service, kept and renewed. Refusals are final; lost connections are tried again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => {
        const { status, code } = asApiError(error);
        return failures < 3 && (code === "network" || status >= 500);
      },
      retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 8000),
    },
    mutations: { retry: false },
  },
});
