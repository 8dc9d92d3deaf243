import type { StoredMessage, TimeLine } from "@/lib/api_types";
import type { LiveAnswer } from "./live_answer";

/** What an answer cost and how fast it came; null: not known. */
export interface AnswerFigures {
  model: string | null;
  node: string | null;
  queueMs: number | null;
  firstTokenMs: number | null;
  totalMs: number | null;
  tokensPerSecond: number | null;
  promptTokens: number | null;
  cachedTokens: number | null;
  completionTokens: number | null;
  reasoningTokens: number | null;
  estimated: boolean;
  reasoningMs: number | null;
}

const milliseconds = (from: number | null | undefined, to: number | null | undefined) =>
  from == null || to == null || to < from ? null : (to - from) * 1000;

/** Tokens after the first one for each second after it: an answer of one token has no speed. */
export function speedOf(tokens: number, durationMs: number | null): number | null {
  return durationMs === null || durationMs <= 0 || tokens < 2 ? null : ((tokens - 1) * 1000) / durationMs;
}

/** How long the model thought: from its first token to the first word of the answer. */
function reasoningTime(line: TimeLine | null, live: LiveAnswer | undefined): number | null {
  if (line !== null) return milliseconds(line.first_token, line.reasoning_ended);
  if (live?.firstTokenAt == null || live.reasonedUntil === null) return null;
  return live.reasonedUntil - live.firstTokenAt;
}

/** From the stored record where there is one, otherwise from what this tab has seen. */
export function figuresOf(message: StoredMessage, live?: LiveAnswer): AnswerFigures {
  const usage = message.usage ?? live?.usage ?? null;
  const line = message.time_line;
  const tokens = usage?.completion_tokens ?? live?.tokens ?? null;
  const seen = live?.firstTokenAt != null ? (live.endedAt ?? Date.now()) - live.firstTokenAt : null;
  const writingMs = line ? milliseconds(line.first_token, line.ended) : seen;
  return {
    model: message.model,
    node: message.node ?? live?.node ?? null,
    queueMs: line ? milliseconds(line.queued ?? line.admitted, line.started) : (live?.queueMs ?? null),
    firstTokenMs: line ? milliseconds(line.received, line.first_token) : live?.firstTokenAt != null ? live.firstTokenAt - live.askedAt : null,
    totalMs: line ? milliseconds(line.received, line.ended) : live?.endedAt != null ? live.endedAt - live.askedAt : null,
    tokensPerSecond: tokens === null ? null : speedOf(tokens, writingMs),
    promptTokens: usage?.prompt_tokens ?? null,
    cachedTokens: usage?.cached_prompt_tokens ?? null,
    completionTokens: tokens,
    reasoningTokens: usage?.reasoning_tokens ?? null,
    estimated: usage?.estimated ?? false,
    reasoningMs: reasoningTime(line, live),
  };
}

/** How many tokens of the context the shown messages fill: what the last answer counted, or a guess from the text. */
export function contextUsed(shown: readonly { message: StoredMessage; live?: LiveAnswer }[], pending: string): number {
  let characters = pending.length;
  for (const { message, live } of [...shown].reverse()) {
    const usage = message.usage ?? live?.usage;
    if (usage && usage.prompt_tokens > 0) {
      return usage.prompt_tokens + usage.completion_tokens + Math.ceil(characters / 4);
    }
    const { content } = message.message;
    characters += typeof content === "string" ? content.length : JSON.stringify(content ?? "").length;
  }
  return Math.ceil(characters / 4);
}
