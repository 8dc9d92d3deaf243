import type { Problem } from "./api_types";

/** Something the service refused or could not do, in its own words and codes. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly retryAfterS: number | null;
  readonly fields: { pointer: string; message: string }[];

  constructor(
    code: string,
    detail: string,
    facts: {
      status?: number;
      requestId?: string | null;
      retryAfterS?: number | null;
      fields?: { pointer: string; message: string }[];
    } = {},
  ) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId ?? null;
    this.retryAfterS = facts.retryAfterS ?? null;
    this.fields = facts.fields ?? [];
  }
}

/** The error that an answer carries; also for answers that are no problem document, for example a proxy's page. */
export function errorOf(body: unknown, response: Response): ApiError {
  const requestId = response.headers.get("x-request-id");
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    const problem = body as Problem;
    return new ApiError(String(problem.code), String(problem.detail), {
      status: response.status,
      requestId: problem.request_id || requestId,
      retryAfterS: problem.retry_after_s,
      fields: Array.isArray(problem.errors) ? (problem.errors as { pointer: string; message: string }[]) : [],
    });
  }
  return new ApiError("unreadable_answer", `HTTP ${response.status}`, { status: response.status, requestId });
}

/** The request never reached the service, or its answer never came back. */
export function networkError(): ApiError {
  return new ApiError("network", "");
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("interface", error instanceof Error ? error.message : String(error));
}
