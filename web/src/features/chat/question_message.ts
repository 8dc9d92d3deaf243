import type { ChatMessage, StoredMessage } from "@/lib/api_types";

/** A question as it is shown until the service has stored it. */
export function questionMessage(id: string, parentId: string | null, askedAt: number, content: ChatMessage["content"]): StoredMessage {
  return {
    id,
    parent_id: parentId,
    created_at: askedAt / 1000,
    message: { role: "user", content: content ?? "", reasoning: null, name: null, tool_calls: [], tool_call_id: null },
    model: null,
    node: null,
    generation_id: null,
    request_id: null,
    usage: null,
    time_line: null,
    finish_reason: null,
    error_code: null,
  } as StoredMessage;
}
