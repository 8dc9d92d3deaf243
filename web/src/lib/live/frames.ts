import type { GenerationEvent } from "@/lib/api_types";

/** A change to one of the own conversations, made here or in any other tab or device. See docs/websocket.md. */
export interface ConversationChange {
  conversation_id: string;
  kind: "created" | "updated" | "deleted" | "message" | "generation_started" | "generation_ended";
  /** The conversation's after the change; 0 when it is gone or nothing in it changed. */
  revision: number;
  /** The message that was added or changed; of a generation the answer's. */
  message_id: string | null;
  generation_id: string | null;
}

export interface Accepted {
  generation_id: string;
  question_id: string | null;
  answer_id: string | null;
  /** As the request log names it. */
  request_id: string | null;
}

/** What the service sends over the WebSocket. */
export type ServerFrame =
  | { type: "welcome"; limits: { max_frame_bytes: number; max_requests: number } }
  | ({ type: "accepted"; id: string } & Accepted)
  | { type: "event"; id: string; generation_id: string; seq: number; event: GenerationEvent }
  | { type: "end"; id: string }
  | { type: "cancelled"; id: string; generation_id: string }
  | { type: "watching"; id: string }
  | ({ type: "changed"; id: string } & ConversationChange)
  | {
      type: "error";
      id: string | null;
      error: { code: string; message: string; param: string | null; retry_after_s: number | null; request_id: string | null };
    }
  | { type: "pong"; id: string | null };
