import { create } from "zustand";
import { useSession } from "@/features/session/session";
import type { ApiError } from "@/lib/api_error";
import { readJson, writeStored } from "@/lib/storage";
import type { Attachment } from "./attachments";

const STORED = "covey.drafts";
const MOST_KEPT = 30;
const LONGEST = 20_000;

export const NEW_CHAT = "new";

export interface Draft {
  text: string;
  attachments: Attachment[];
  /** Why the last question was not taken. */
  error: ApiError | null;
}

const NOTHING: Draft = { text: "", attachments: [], error: null };

interface DraftState {
  /** What is being written, by conversation. Texts outlive the page; pictures and files do not. */
  drafts: Record<string, Draft>;
}

interface StoredDrafts {
  user: string;
  texts: Record<string, string>;
}

export const useDrafts = create<DraftState>(() => ({ drafts: {} }));

export function useDraft(key: string): Draft {
  return useDrafts((state) => state.drafts[key]) ?? { ...NOTHING, text: storedText(key) };
}

export function draftOf(key: string): Draft {
  return useDrafts.getState().drafts[key] ?? { ...NOTHING, text: storedText(key) };
}

export function changeDraft(key: string, change: Partial<Draft>): void {
  const draft = { ...draftOf(key), ...change };
  useDrafts.setState(({ drafts }) => ({ drafts: { ...drafts, [key]: draft } }));
  if (change.text !== undefined) storeText(key, change.text);
}

export function clearDraft(key: string): void {
  changeDraft(key, NOTHING);
}

/** Only what the same account has written: browsers are shared. */
function storedTexts(): Record<string, string> {
  const user = useSession.getState().user?.id;
  const stored = readJson<StoredDrafts>(STORED);
  return stored !== null && user !== undefined && stored.user === user && typeof stored.texts === "object" ? stored.texts : {};
}

function storedText(key: string): string {
  const text = storedTexts()[key];
  return typeof text === "string" ? text : "";
}

function storeText(key: string, text: string): void {
  const user = useSession.getState().user?.id;
  if (user === undefined) return;
  const { [key]: before, ...others } = storedTexts();
  if (text === "" && before === undefined) return;
  const kept = Object.entries(others).slice(-(MOST_KEPT - 1));
  const texts = Object.fromEntries(text === "" ? kept : [...kept, [key, text.slice(0, LONGEST)]]);
  writeStored(STORED, Object.keys(texts).length === 0 ? null : JSON.stringify({ user, texts } satisfies StoredDrafts));
}

// Nothing that one account has written is ever shown to the next one.
useSession.subscribe((state, before) => {
  if (before.user !== null && state.user?.id !== before.user.id) {
    useDrafts.setState({ drafts: {} });
    if (state.status === "out") writeStored(STORED, null);
  }
});
