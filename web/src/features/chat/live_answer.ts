import type { GenerationEvent, StoredMessage, Usage } from "@/lib/api_types";

export type ToolCall = StoredMessage["message"]["tool_calls"][number];

export interface Failure {
  code: string;
  detail: string;
  retryAfterS: number | null;
}

/** `sending` until the service has accepted it; `waiting` until it says where in the queue it is or that it began. */
export type Phase = "sending" | "waiting" | "queued" | "loading" | "started" | "thinking" | "writing" | "ended";

/** An answer while it is made, and afterwards until the stored one is there. Times are of this browser's clock, in ms. */
export interface LiveAnswer {
  generationId: string;
  /** As the request log names it; null: not known. */
  requestId: string | null;
  conversationId: string | null;
  answerId: string;
  questionId: string | null;
  /** The question, while it may not be among the stored messages yet. */
  question: StoredMessage | null;
  /** The text comes after that of the stored answer with the same id. */
  continues: boolean;
  phase: Phase;
  model: string;
  node: string | null;
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  queue: { position: number; waitS: number | null } | null;
  /** How long the model took to load the last time, while it is being loaded; null: not known. */
  loadS: number | null;
  queueMs: number | null;
  askedAt: number;
  startedAt: number | null;
  firstTokenAt: number | null;
  /** When the text began, if reasoning came before it. */
  reasonedUntil: number | null;
  endedAt: number | null;
  /** Tokens so far; the engine's own count after the end. */
  tokens: number;
  usage: Usage | null;
  finishReason: string | null;
  failure: Failure | null;
}

export type AnswerStart = Pick<LiveAnswer, "generationId" | "conversationId" | "answerId" | "questionId" | "model"> &
  Partial<Pick<LiveAnswer, "continues" | "askedAt" | "phase" | "question" | "requestId">>;

export function newAnswer(start: AnswerStart, now: number): LiveAnswer {
  return {
    requestId: null,
    continues: false,
    question: null,
    askedAt: now,
    phase: "waiting",
    ...start,
    node: null,
    text: "",
    reasoning: "",
    toolCalls: [],
    queue: null,
    loadS: null,
    queueMs: null,
    startedAt: null,
    firstTokenAt: null,
    reasonedUntil: null,
    endedAt: null,
    tokens: 0,
    usage: null,
    finishReason: null,
    failure: null,
  };
}

/** The answer after some more of its events. */
export function withEvents(answer: LiveAnswer, events: readonly GenerationEvent[], now: number): LiveAnswer {
  const next = { ...answer };
  for (const event of events) apply(next, event, now);
  return next;
}

function apply(next: LiveAnswer, event: GenerationEvent, now: number): void {
  switch (event.type) {
    case "queued":
      next.phase = "queued";
      next.queue = { position: event.position, waitS: event.estimated_wait_s };
      return;
    case "loading":
      next.phase = "loading";
      next.queue = null;
      next.loadS = event.expected_s;
      return;
    case "started":
      next.phase = "started";
      next.queue = null;
      next.model = event.model || next.model;
      next.node = event.node;
      next.queueMs = event.queue_ms;
      next.startedAt = now;
      return;
    case "delta":
      return applyDelta(next, event, now);
    case "finished":
      next.phase = "ended";
      next.endedAt = now;
      next.usage = event.usage;
      next.tokens = event.usage.completion_tokens || next.tokens;
      next.finishReason = event.reason;
      return;
    case "failed":
      next.phase = "ended";
      next.endedAt = now;
      next.usage = event.usage;
      next.finishReason = "failed";
      next.failure = { code: event.code, detail: event.detail, retryAfterS: event.retry_after_s };
      return;
    // A newer service may tell of more.
  }
}

function applyDelta(next: LiveAnswer, event: Extract<GenerationEvent, { type: "delta" }>, now: number): void {
  next.firstTokenAt ??= now;
  next.tokens += event.tokens;
  if (event.reasoning) {
    next.reasoning += event.reasoning;
    next.phase = "thinking";
  }
  if (event.text) {
    next.text += event.text;
    next.phase = "writing";
    if (next.reasoning) next.reasonedUntil ??= now;
  }
  if (event.tool_calls.length > 0) {
    next.toolCalls = withToolCalls(next.toolCalls, event.tool_calls as StreamedCall[]);
    next.phase = "writing";
    if (next.reasoning) next.reasonedUntil ??= now;
  }
}

interface StreamedCall {
  index?: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}

function withToolCalls(calls: readonly ToolCall[], pieces: readonly StreamedCall[]): ToolCall[] {
  const next = [...calls];
  for (const piece of pieces) {
    const at = Math.min(piece.index ?? next.length, next.length);
    const known = next[at] ?? { id: "", type: "function", function: { name: "", arguments: "" } };
    next[at] = {
      ...known,
      id: known.id || (piece.id ?? ""),
      function: {
        name: known.function.name + (piece.function?.name ?? ""),
        arguments: known.function.arguments + (piece.function?.arguments ?? ""),
      },
    };
  }
  return next;
}

export function isRunning(answer: LiveAnswer | undefined): boolean {
  return answer !== undefined && answer.phase !== "ended";
}

/** The message that the answer will be stored as, as far as it is known. */
export function messageOf(answer: LiveAnswer, before?: StoredMessage): StoredMessage {
  const earlier = typeof before?.message.content === "string" ? before.message.content : "";
  return {
    id: answer.answerId,
    parent_id: before?.parent_id ?? answer.questionId,
    created_at: before?.created_at ?? answer.askedAt / 1000,
    message: {
      role: "assistant",
      content: earlier + answer.text,
      reasoning: answer.reasoning || (before?.message.reasoning ?? null),
      name: null,
      tool_calls: answer.toolCalls,
      tool_call_id: null,
    },
    model: answer.model,
    node: answer.node,
    generation_id: answer.generationId,
    request_id: answer.requestId,
    usage: answer.usage,
    time_line: null,
    finish_reason: answer.finishReason,
    error_code: answer.failure?.code ?? null,
  };
}
