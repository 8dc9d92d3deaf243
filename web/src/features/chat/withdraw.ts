import { create } from "zustand";
import { asApiError } from "@/lib/api_error";
import type { Accepted } from "@/lib/live/frames";
import { live } from "@/lib/live/live";
import { deleteBranch } from "./api/chat_queries";
import { forget } from "./generation_store";

/** The person has stopped a question before the service had taken it. */
export class Withdrawn extends Error {
  /** `undone` resolves once nothing of it is left, and rejects with ApiError when something may be. */
  constructor(readonly undone: Promise<void>) {
    super("withdrawn");
    this.name = "Withdrawn";
  }
}

/** Questions that the service has not taken yet, by the key of their draft. */
export const useUntaken = create<Record<string, AbortController>>(() => ({}));

/** Run `ask` so that `withdraw` can stop it. */
export async function withdrawable<Value>(key: string, ask: (signal: AbortSignal, moveTo: (key: string) => void) => Promise<Value>): Promise<Value> {
  const controller = new AbortController();
  let place = key;
  useUntaken.setState({ [key]: controller });
  const leave = () => {
    if (useUntaken.getState()[place] !== controller) return;
    useUntaken.setState((all) => Object.fromEntries(Object.entries(all).filter(([name]) => name !== place)), true);
  };
  try {
    return await ask(controller.signal, (next) => {
      leave();
      place = next;
      useUntaken.setState({ [next]: controller });
    });
  } finally {
    leave();
  }
}

/** Stop the question of that draft. Does nothing when it was taken already. */
export function withdraw(key: string): void {
  useUntaken.getState()[key]?.abort();
}

/**
 * Stop what the service takes after all, and delete what it has stored of it: the message that `leftBehind` names, with
 * everything below it.
 */
export async function takeBack(
  accepting: Promise<Accepted>,
  conversationId: string,
  leftBehind: (accepted: Accepted) => string | null,
): Promise<void> {
  const accepted = await accepting.catch(() => null);
  if (accepted === null) return;
  await allowMissing(live.cancel(accepted.generation_id));
  await ended(accepted.generation_id);
  const message = leftBehind(accepted);
  if (message !== null) await allowMissing(deleteBranch(conversationId, message));
  // It may have been found among the running ones meanwhile.
  forget(accepted.generation_id);
}

/** An answer is stored before its end is told: what is deleted after the end stays deleted. */
function ended(generationId: string): Promise<void> {
  return new Promise((resolve) => {
    live.follow(generationId, -1, { onEvent: () => undefined, onEnd: resolve, onError: () => resolve() });
  });
}

async function allowMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (asApiError(error).code !== "not_found") throw asApiError(error);
  }
}

/** What was promised; null as soon as `signal` is aborted. */
export async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value | null> {
  if (signal === undefined) return promise;
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const first = await Promise.race([aborted, promise.catch((error: unknown) => (signal.aborted ? null : Promise.reject(asApiError(error))))]);
  return signal.aborted ? null : first;
}
