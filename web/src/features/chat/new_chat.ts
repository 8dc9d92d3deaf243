import { create } from "zustand";
import type { ConversationSettings } from "@/features/parameters/settings";

interface NewChatState {
  /** null: the one that is preferred. */
  model: string | null;
  settings: ConversationSettings;
}

/** What a chat will be made with once its first question is asked. */
export const useNewChat = create<NewChatState>(() => ({ model: null, settings: {} }));
