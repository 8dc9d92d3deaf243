import { useCallback } from "react";
import { type MessageKey, type Translate, useText } from "@/i18n/locale";
import type { AuditEvent } from "@/lib/api_types";
import { ACTIONS, isolated, SENTENCES } from "./audit_actions";

export const AUDIT_OUTCOMES: Record<AuditEvent["outcome"], { label: MessageKey; colour: "success" | "warning" | "error" }> = {
  ok: { label: "auditOk", colour: "success" },
  refused: { label: "auditRefused", colour: "warning" },
  failed: { label: "auditFailed", colour: "error" },
};

function labelOf(action: string, text: Translate): string {
  const label = ACTIONS[action];
  return label === undefined ? action : text(label);
}

/** Says in one sentence who did what; actions of newer services by their own name. */
export function useSentence(): (event: AuditEvent) => string {
  const text = useText();
  return useCallback(
    (event) => {
      const actor = event.actor_name ?? event.actor_id;
      if (actor === null) return `${text("auditNobody")}: ${labelOf(event.action, text)}`;
      const name = isolated(actor);
      const sentence = SENTENCES[event.action];
      return sentence === undefined ? `${name}: ${event.action}` : text(sentence, { name });
    },
    [text],
  );
}
