import { create } from "zustand";
import { answerOf, api } from "@/lib/api";
import { asApiError, type ApiError } from "@/lib/api_error";
import type { PullProgress } from "@/lib/api_types";
import { cancelPull, type Pull, pullModel } from "./api/fleet_api";

export interface RunningPull {
  pull: Pull;
  progress: PullProgress | null;
  error: ApiError | null;
  done: boolean;
  stop: () => Promise<void>;
}

/** Models that this page began to fetch; they go on while other pages are shown, and when this one is closed. */
export const usePulls = create<Record<string, RunningPull>>(() => ({}));

export function startPull(pull: Pull, onDone: () => void): void {
  const key = pull.name ?? pull.model;
  const controller = new AbortController();
  const set = (change: Partial<RunningPull>) =>
    usePulls.setState((all) => {
      const before = all[key];
      return before === undefined ? {} : { [key]: { ...before, ...change } };
    });
  usePulls.setState({ [key]: { pull, progress: null, error: null, done: false, stop: () => stopPull(pull, controller) } });
  pullModel(pull, (progress) => set({ progress }), controller.signal).then(
    () => {
      set({ done: true });
      onDone();
    },
    (error: unknown) => {
      if (controller.signal.aborted) forgetPull(key);
      else set({ error: asApiError(error) });
    },
  );
}

/** Leaving the stream would let the download go on; it is the service that has to stop it. */
async function stopPull(pull: Pull, controller: AbortController): Promise<void> {
  const running = (await answerOf(api.GET("/covey/v1/pulls"))).items;
  const wanted = running.filter(({ model }) => model === pull.model || model === pull.name);
  await Promise.all(wanted.map(({ id }) => cancelPull(id)));
  controller.abort();
}

export function forgetPull(key: string): void {
  usePulls.setState((all) => Object.fromEntries(Object.entries(all).filter(([name]) => name !== key)), true);
}
