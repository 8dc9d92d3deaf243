import { create } from "zustand";
import type { ApiError } from "@/lib/api_error";
import type { GenerationEvent } from "@/lib/api_types";
import { live } from "@/lib/live/live";
import { oncePerFrame } from "./frame_batch";
import { type AnswerStart, isRunning, type LiveAnswer, newAnswer, withEvents } from "./live_answer";

interface GenerationState {
  /** By generation id. Those that ended stay until `forget`. */
  answers: Record<string, LiveAnswer>;
}

/** Every answer that is being made and that this tab has seen. Changes at most once a frame. */
export const useGenerations = create<GenerationState>(() => ({ answers: {} }));

const readers = new Map<string, () => void>();
const arrived = new Map<string, GenerationEvent[]>();
const endings = new Map<string, Set<(answer: LiveAnswer) => void>>();
const batch = oncePerFrame(commit);

function commit(): void {
  if (arrived.size === 0) return;
  const now = Date.now();
  const answers = { ...useGenerations.getState().answers };
  const ended: LiveAnswer[] = [];
  for (const [id, events] of arrived) {
    const before = answers[id];
    if (before === undefined) continue;
    const after = withEvents(before, events, now);
    answers[id] = after;
    if (isRunning(before) && !isRunning(after)) ended.push(after);
  }
  arrived.clear();
  useGenerations.setState({ answers });
  for (const answer of ended) tellEnd(answer);
}

function tellEnd(answer: LiveAnswer): void {
  const listeners = endings.get(answer.generationId);
  endings.delete(answer.generationId);
  listeners?.forEach((listener) => listener(answer));
}

/** Put an answer on the page that no generation is known for yet, so that it shows before the service has answered. */
export function announce(start: AnswerStart): void {
  set(newAnswer({ phase: "sending", ...start }, Date.now()));
}

/** Read a generation from its first event on, unless this tab does already. */
export function followGeneration(start: AnswerStart): void {
  const id = start.generationId;
  if (readers.has(id) || id in useGenerations.getState().answers) return;
  set(newAnswer(start, Date.now()));
  readers.set(
    id,
    live.follow(id, -1, {
      onEvent: (event) => {
        const waiting = arrived.get(id);
        if (waiting === undefined) arrived.set(id, [event]);
        else waiting.push(event);
        batch.ask();
      },
      onEnd: () => {
        readers.delete(id);
        batch.now();
      },
      onError: (error) => fail(id, error),
    }),
  );
}

/** The generation could not be begun, or can no longer be read. */
export function fail(id: string, error: ApiError): void {
  readers.delete(id);
  batch.now();
  const before = useGenerations.getState().answers[id];
  if (before === undefined || !isRunning(before)) return;
  const failure = { code: error.code, detail: error.message, retryAfterS: error.retryAfterS };
  const requestId = error.requestId ?? before.requestId;
  const after: LiveAnswer = { ...before, requestId, phase: "ended", endedAt: Date.now(), finishReason: "failed", failure };
  set(after);
  tellEnd(after);
}

/** Nobody wants this answer any more, and the service has not named it yet: whoever began it stops it there. */
export function endUntaken(id: string): void {
  const before = useGenerations.getState().answers[id];
  if (before !== undefined && isRunning(before)) set({ ...before, phase: "ended", endedAt: Date.now(), finishReason: "cancelled" });
}

/** Take an answer off the page: the stored one is there, or nobody wants to see it any more. */
export function forget(id: string): void {
  readers.get(id)?.();
  readers.delete(id);
  arrived.delete(id);
  useGenerations.setState(({ answers }) => ({
    answers: Object.fromEntries(Object.entries(answers).filter(([known]) => known !== id)),
  }));
}

/** Told once, when the generation has ended; at once when it has already. */
export function whenEnded(id: string, listener: (answer: LiveAnswer) => void): () => void {
  const present = useGenerations.getState().answers[id];
  if (present !== undefined && !isRunning(present)) {
    listener(present);
    return () => {};
  }
  const listeners = endings.get(id) ?? new Set();
  listeners.add(listener);
  endings.set(id, listeners);
  return () => listeners.delete(listener);
}

export async function stopGeneration(id: string): Promise<void> {
  await live.cancel(id);
}

/** Nothing of one account is left for the next one. */
export function forgetAll(): void {
  for (const id of Object.keys(useGenerations.getState().answers)) forget(id);
  endings.clear();
}

function set(answer: LiveAnswer): void {
  useGenerations.setState(({ answers }) => ({ answers: { ...answers, [answer.generationId]: answer } }));
}
