import { useQueryClient } from "@tanstack/react-query";
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
import { changeConversation, useConversation } from "../api/chat_queries";
import { useBranchChoice } from "../branch_choice";
import { NEW_CHAT } from "../drafts";
import { fail, stopGeneration, useGenerations } from "../generation_store";
import { isRunning } from "../live_answer";
import { useNewChat } from "../new_chat";
import { answersOf, shownPath } from "../shown_path";
import { useUntaken, withdraw } from "../withdraw";
import { useRunning } from "./use_running";
import { useSend } from "./use_send";

/** Everything that a chat page shows and does, apart from what is done to single messages. */
export function useChat(conversationId: string | undefined) {
  const text = useText();
  const client = useQueryClient();
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
  const untaken = useUntaken((all) => draftKey in all);
  const tell = useCallback(
    (error: unknown) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title }),
    [text],
  );

  const send = useSend({ conversationId, model, settings, leaf: path.leaf, onError: tell });

  const stop = () => {
    if (untaken) return withdraw(draftKey);
    if (running === undefined) return;
    const { generationId } = running;
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

  return { conversation, models, catalogue, model, settings, path, busy: untaken || running !== undefined, draftKey, send, stop, change, tell };
}
