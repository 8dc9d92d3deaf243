import { create } from "zustand";
import { useSession } from "@/features/session/session";
import type { ConversationChange } from "@/lib/live/frames";
import { readJson, writeStored } from "@/lib/storage";

const STORED = "covey.unread";
const MOST_KEPT = 200;

interface ActivityState {
  /** Generations that run now, by conversation. */
  running: Record<string, readonly string[]>;
  /** Conversations with a finished answer that was not looked at. */
  unread: Record<string, true>;
  /** The conversation on the page. */
  open: string | null;
}

/** What happens in conversations while others are looked at. */
export const useActivity = create<ActivityState>(() => ({ running: {}, unread: stored(), open: null }));

export type Sign = "running" | "unread" | null;

export function useSign(id: string): Sign {
  return useActivity((state) => (id in state.running ? "running" : id in state.unread ? "unread" : null));
}

/** What runs now, read anew. Answers whose end was missed count as unread. */
export function setRunning(generations: readonly { id: string; conversation_id: string | null }[]): void {
  const running: Record<string, string[]> = {};
  for (const { id, conversation_id } of generations) {
    if (conversation_id !== null) (running[conversation_id] ??= []).push(id);
  }
  const { running: before, unread, open } = useActivity.getState();
  const ended = Object.keys(before).filter((id) => !(id in running) && id !== open);
  keep({ running, unread: { ...unread, ...Object.fromEntries(ended.map((id) => [id, true as const])) } });
}

export function noteChange(change: Pick<ConversationChange, "kind" | "conversation_id" | "generation_id">): void {
  const { running, unread, open } = useActivity.getState();
  const id = change.conversation_id;
  const present = running[id] ?? [];
  const others = without(running, id);
  if (change.kind === "generation_started" && change.generation_id !== null) {
    keep({ running: { ...running, [id]: [...present.filter((each) => each !== change.generation_id), change.generation_id] } });
  } else if (change.kind === "generation_ended") {
    const left = present.filter((each) => each !== change.generation_id);
    keep({
      running: left.length > 0 ? { ...others, [id]: left } : others,
      unread: id === open && isLookedAt() ? unread : { ...unread, [id]: true },
    });
  } else if (change.kind === "deleted") {
    keep({ running: others, unread: without(unread, id) });
  }
}

/** The conversation on the page; what is in it counts as read. */
export function setOpen(id: string | null): void {
  const { unread } = useActivity.getState();
  if (id === null || !(id in unread)) return useActivity.setState({ open: id });
  useActivity.setState({ open: id });
  keep({ unread: without(unread, id) });
}

function without<Value>(record: Record<string, Value>, id: string): Record<string, Value> {
  const { ...others } = record;
  delete others[id];
  return others;
}

function isLookedAt(): boolean {
  return document.visibilityState === "visible";
}

function keep(change: Partial<ActivityState>): void {
  useActivity.setState(change);
  if (change.unread === undefined) return;
  const user = useSession.getState().user?.id;
  const ids = Object.keys(change.unread).slice(-MOST_KEPT);
  if (user !== undefined) writeStored(STORED, ids.length === 0 ? null : JSON.stringify({ user, ids }));
}

function stored(): Record<string, true> {
  const kept = readJson<{ user: string; ids: string[] }>(STORED);
  if (kept === null || kept.user !== useSession.getState().user?.id || !Array.isArray(kept.ids)) return {};
  return Object.fromEntries(kept.ids.map((id) => [id, true as const]));
}

// Nothing of one account is ever shown to the next one.
useSession.subscribe((state, before) => {
  if (state.user?.id !== before.user?.id) useActivity.setState({ running: {}, unread: stored(), open: null });
});
