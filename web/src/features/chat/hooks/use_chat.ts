import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useShallow } from "zustand/react/shallow";
import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { useModels } from "@/features/models/api/model_queries";
import { usePreferredModel } from "@/features/models/hooks";
import { modelNamed } from "@/features/models/model_choice";
import { type ConversationSettings, readSettings } from "@/features/parameters/settings";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { ChatMessage } from "@/lib/api_types";
import { changeConversation, conversationKey, conversationsKey, createConversation, useConversation } from "../api/chat_queries";
import { askQuestion, type Asking } from "../ask";
import { withKeptPictures } from "../pictures";
import { contentOf } from "../attachments";
import { useBranchChoice } from "../branch_choice";
import { changeDraft, clearDraft, draftOf, NEW_CHAT } from "../drafts";
import { fail, stopGeneration, useGenerations } from "../generation_store";
import { isRunning } from "../live_answer";
import { useNewChat } from "../new_chat";
import { answersOf, shownPath } from "../shown_path";
import { useRunning } from "./use_running";

/** Everything that a chat page shows and does, apart from what is done to single messages. */
export function useChat(conversationId: string | undefined) {
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const models = useModels();
  const conversation = useConversation(conversationId);
  useRunning(conversationId, conversation.data);
  const answers = useGenerations(useShallow((state) => answersOf(state.answers, conversationId)));
  const chosen = useBranchChoice((state) => (conversationId === undefined ? null : (state.chosen[conversationId] ?? null)));
  const newChat = useNewChat();
  const { data } = conversation;
  const path = useMemo(
    () => shownPath(data?.messages ?? [], answers, chosen, data?.info.active_leaf ?? null),
    [data, answers, chosen],
  );
  const running = answers.find(isRunning);
  const preferred = usePreferredModel();
  const wanted = conversationId === undefined ? newChat.model : data?.info.model;
  const model = wanted ?? preferred.model;
  const catalogue = modelNamed(models.data ?? [], model);
  const stored = data?.settings;
  const settings = useMemo(
    () => (conversationId === undefined ? newChat.settings : readSettings(stored)),
    [conversationId, newChat.settings, stored],
  );
  const draftKey = conversationId ?? NEW_CHAT;
  const tell = useCallback(
    (error: unknown) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title }),
    [text],
  );

  const send = async () => {
    const draft = draftOf(draftKey);
    if (model === null || (draft.text.trim() === "" && draft.attachments.length === 0)) return;
    const content: ChatMessage["content"] = contentOf(draft.text.trim(), draft.attachments);
    clearDraft(draftKey);
    let id = conversationId;
    try {
      if (id === undefined) {
        const created = await createConversation(model, { ...settings });
        id = created.info.id;
        client.setQueryData(conversationKey(id), created);
        void client.invalidateQueries({ queryKey: conversationsKey });
        useNewChat.setState({ model: null, settings: {} });
        void navigate({ to: "/c/$conversationId", params: { conversationId: id } });
      }
      const asking: Asking = { conversationId: id, model, settings };
      await askQuestion(asking, path.leaf, await withKeptPictures(id, content));
      // The title comes with the first question, which is stored before the new page listens.
      if (conversationId === undefined) void client.invalidateQueries({ queryKey: conversationKey(id) });
    } catch (error) {
      // What was written meanwhile is worth as much as what was sent.
      const now = draftOf(id ?? draftKey);
      changeDraft(id ?? draftKey, {
        text: now.text === "" ? draft.text : `${draft.text}\n\n${now.text}`,
        attachments: [...draft.attachments, ...now.attachments],
        error: asApiError(error),
      });
    }
  };

  const stop = () => {
    if (running === undefined) return;
    const { generationId } = running;
    // Nothing can be stopped before the service has named it.
    if (generationId.startsWith("local-")) return;
    stopGeneration(generationId).catch((error: unknown) => {
      if (asApiError(error).code === "not_found") fail(generationId, asApiError(error));
      else tell(error);
    });
  };

  const change = (what: { model?: string; settings?: ConversationSettings }) => {
    if (what.model !== undefined) preferred.remember(what.model);
    if (conversationId === undefined) useNewChat.setState(what);
    else changeConversation(client, conversationId, what as Parameters<typeof changeConversation>[2]).catch(tell);
  };

  return { conversation, models, catalogue, model, settings, path, running, draftKey, send, stop, change, tell };
}
