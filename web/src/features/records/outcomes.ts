import type { MessageKey } from "@/i18n/locale";
import type { Outcome } from "./request_filter";

export const REQUEST_OUTCOMES: Record<Outcome, { label: MessageKey; colour: "success" | "error" | "default" | "warning" }> = {
  ok: { label: "requestOk", colour: "success" },
  failed: { label: "requestFailed", colour: "error" },
  cancelled: { label: "requestCancelled", colour: "default" },
  refused: { label: "requestRefused", colour: "warning" },
};
