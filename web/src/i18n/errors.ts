import type { ApiError } from "@/lib/api_error";
import type { MessageKey, Translate } from "./locale";

/** Title and advice by error code; others are told by their status. */
const KNOWN: Record<string, [title: MessageKey, advice: MessageKey | null]> = {
  network: ["errorNetwork", "errorNetworkAdvice"],
  unauthenticated: ["errorUnauthenticated", "errorUnauthenticatedAdvice"],
  forbidden: ["errorForbidden", "errorForbiddenAdvice"],
  not_found: ["errorNotFound", null],
  model_not_found: ["errorModelNotFound", "errorModelNotFoundAdvice"],
  invalid_request: ["errorInvalid", null],
  unknown_field: ["errorInvalid", null],
  context_length_exceeded: ["errorContext", "errorContextAdvice"],
  payload_too_large: ["errorTooLarge", "errorTooLargeAdvice"],
  conflict: ["errorConflict", "errorConflictAdvice"],
  revision_conflict: ["errorConflict", "errorConflictAdvice"],
  quota_exceeded: ["errorQuota", null],
  too_many_attempts: ["errorTooManyAttempts", "errorWaitAdvice"],
  overloaded: ["errorOverloaded", "errorWaitAdvice"],
  no_worker_available: ["errorNoWorker", "errorNoWorkerAdvice"],
  peer_unavailable: ["errorNoWorker", "errorWaitAdvice"],
  backend_unavailable: ["errorEngine", "errorWaitAdvice"],
  backend_protocol_error: ["errorEngine", "errorWaitAdvice"],
  backend_rejected: ["errorEngineRefused", null],
  model_load_failed: ["errorModelLoad", "errorModelLoadAdvice"],
  stream_interrupted: ["errorInterrupted", "errorInterruptedAdvice"],
  store_unavailable: ["errorStore", "errorWaitAdvice"],
  deadline_exceeded: ["errorDeadline", "errorWaitAdvice"],
};

/** What happened and what to do, in the person's language. */
export function adviceFor(error: ApiError, text: Translate): { title: string; advice: string | null } {
  const [title, advice] = KNOWN[error.code] ?? ["errorUnexpected", "errorUnexpectedAdvice"];
  if (error.retryAfterS !== null && error.retryAfterS > 0) {
    return { title: text(title), advice: text("errorRetryIn", { count: Math.ceil(error.retryAfterS) }) };
  }
  return { title: text(title), advice: advice === null ? null : text(advice) };
}
