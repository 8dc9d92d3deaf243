import { create } from "zustand";
import type { CatalogueModel } from "@/lib/api_types";
import { readStored, writeStored } from "@/lib/storage";
import type { ChatSettings } from "./generation_request";

const STORED = "covey.model";

interface NewChatState {
  /** For the next new chat; null: what was used last, or else the service's default. */
  model: string | null;
  settings: ChatSettings;
}

/** What a chat will be made with once its first question is asked. */
export const useNewChat = create<NewChatState>(() => ({ model: null, settings: {} }));

export function rememberModel(name: string): void {
  writeStored(STORED, name);
}

/** The model that answers: the chat's own, then the one used last, then the default; null when there is none at all. */
export function modelFor(models: readonly CatalogueModel[], wanted: string | null | undefined, last = readStored(STORED)): CatalogueModel | null {
  const named = (name: string | null | undefined) =>
    name ? models.find(({ model }) => model.name === name || model.aliases.includes(name)) : undefined;
  const usable = models.filter(({ model }) => model.state !== "unavailable");
  const pool = usable.length > 0 ? usable : models;
  return named(wanted) ?? named(last) ?? pool.find(({ model }) => model.is_default) ?? pool[0] ?? null;
}
