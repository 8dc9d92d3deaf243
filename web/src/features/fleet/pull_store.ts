import { create } from "zustand";
import { asApiError, type ApiError } from "@/lib/api_error";
import type { PullProgress } from "@/lib/api_types";
import { type Pull, pullModel } from "./api/fleet_api";

export interface RunningPull {
  pull: Pull;
  progress: PullProgress | null;
  error: ApiError | null;
  done: boolean;
  stop: () => void;
}

/** Models that are being fetched from this page; they go on while other pages of the interface are shown. */
export const usePulls = create<Record<string, RunningPull>>(() => ({}));

export function startPull(pull: Pull, onDone: () => void): void {
  const key = pull.name ?? pull.model;
  const controller = new AbortController();
  const set = (change: Partial<RunningPull>) =>
    usePulls.setState((all) => {
      const before = all[key];
      return before === undefined ? {} : { [key]: { ...before, ...change } };
    });
  usePulls.setState({ [key]: { pull, progress: null, error: null, done: false, stop: () => controller.abort() } });
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

export function forgetPull(key: string): void {
  usePulls.setState((all) => Object.fromEntries(Object.entries(all).filter(([name]) => name !== key)), true);
}
