import type { MessageKey } from "@/i18n/locale";
import type { ModelInfo } from "@/lib/api_types";

export const MODEL_STATES: Record<ModelInfo["state"], { label: MessageKey; colour: "success" | "default" | "info" | "error" }> = {
  loaded: { label: "stateLoaded", colour: "success" },
  cold: { label: "stateCold", colour: "default" },
  loading: { label: "stateLoading", colour: "info" },
  unavailable: { label: "stateUnavailable", colour: "error" },
};
