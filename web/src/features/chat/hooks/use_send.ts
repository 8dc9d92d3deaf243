import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ConversationSettings } from "@/features/parameters/settings";
import { type ApiError, asApiError } from "@/lib/api_error";
import type { ChatMessage } from "@/lib/api_types";
import { conversationKey, conversationsKey, createConversation, deleteConversation } from "../api/chat_queries";
import { askQuestion } from "../ask";
import { contentOf } from "../attachments";
import { changeDraft, clearDraft, type Draft, draftOf, NEW_CHAT } from "../drafts";
import { useNewChat } from "../new_chat";
import { withKeptPictures } from "../pictures";
import { unlessAborted, withdrawable, Withdrawn } from "../withdraw";

interface SendFacts {
  conversationId: string | undefined;
  model: string | null;
  settings: ConversationSettings;
  /** The message that the question goes under. */
  leaf: string | null;
  onError: (error: unknown) => void;
}

/** Sends the draft of a chat; a new chat becomes a conversation with it. What was not taken is in its field again. */
export function useSend({ conversationId, model, settings, leaf, onError }: SendFacts): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  const draftKey = conversationId ?? NEW_CHAT;
  return async () => {
    const draft = draftOf(draftKey);
    if (model === null || (draft.text.trim() === "" && draft.attachments.length === 0)) return;
    const content: ChatMessage["content"] = contentOf(draft.text.trim(), draft.attachments);
    clearDraft(draftKey);
    let id = conversationId;
    try {
      await withdrawable(draftKey, async (signal, moveTo) => {
        if (id === undefined) {
          id = await beginConversation(client, model, settings, signal);
          moveTo(id);
          void navigate({ to: "/c/$conversationId", params: { conversationId: id } });
        }
        const kept = await unlessAborted(withKeptPictures(id, content), signal);
        if (kept === null) throw new Withdrawn(Promise.resolve());
        await askQuestion({ conversationId: id, model, settings, signal }, leaf, kept);
      });
      // The title comes with the first question, which is stored before the new page listens.
      if (conversationId === undefined && id !== undefined) void client.invalidateQueries({ queryKey: conversationKey(id) });
    } catch (error) {
      if (!(error instanceof Withdrawn)) return giveBack(id ?? draftKey, draft, asApiError(error));
      giveBack(draftKey, draft, null);
      const made = conversationId === undefined ? id : undefined;
      if (made !== undefined) {
        useNewChat.setState({ model, settings });
        void navigate({ to: "/" });
      }
      await error.undone.then(() => (made === undefined ? undefined : deleteConversation(made))).catch(onError);
      if (id !== undefined && made === undefined) void client.invalidateQueries({ queryKey: conversationKey(id) });
      if (conversationId === undefined) void client.invalidateQueries({ queryKey: conversationsKey });
    }
  };
}

async function beginConversation(client: QueryClient, model: string, settings: ConversationSettings, signal: AbortSignal): Promise<string> {
  const creating = createConversation(model, { ...settings });
  const created = await unlessAborted(creating, signal);
  if (created === null) throw new Withdrawn(creating.then(({ info }) => deleteConversation(info.id)));
  client.setQueryData(conversationKey(created.info.id), created);
  void client.invalidateQueries({ queryKey: conversationsKey });
  useNewChat.setState({ model: null, settings: {} });
  return created.info.id;
}

/** What was written meanwhile is worth as much as what was sent. */
function giveBack(key: string, draft: Draft, error: ApiError | null): void {
  const now = draftOf(key);
  changeDraft(key, {
    text: now.text === "" ? draft.text : `${draft.text}\n\n${now.text}`,
    attachments: [...draft.attachments, ...now.attachments],
    error,
  });
}
