import { create } from "zustand";

export interface Toast {
  text: string;
  severity?: "success" | "info" | "warning" | "error";
  action?: { label: string; run: () => void };
}

export const useToasts = create<{ queue: (Toast & { id: number })[] }>(() => ({ queue: [] }));
let last = 0;

/** Say something in passing. Errors that need a decision belong on the page instead. */
export function toast(message: Toast): void {
  last += 1;
  const id = last;
  useToasts.setState(({ queue }) => ({ queue: [...queue, { ...message, id }].slice(-4) }));
}

export function dismissToast(id: number): void {
  useToasts.setState(({ queue }) => ({ queue: queue.filter((each) => each.id !== id) }));
}
