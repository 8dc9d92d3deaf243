import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Conversation } from "@/lib/api_types";
import { live } from "@/lib/live/live";
import type { ConversationChange } from "@/lib/live/frames";
import { conversationKey } from "../api/chat_queries";
import { chooseBranch } from "../branch_choice";
import { followGeneration, forget, useGenerations, whenEnded } from "../generation_store";
import { answersOf, isSettled } from "../shown_path";

/** Keeps what is shown of a conversation true: answers being made anywhere are followed, changes are read. */
export function useRunning(conversationId: string | undefined, conversation: Conversation | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    if (conversationId === undefined) return;
    const read = () => void client.invalidateQueries({ queryKey: conversationKey(conversationId) });
    const unwatch = live.watch((change) => {
      if (change.conversation_id === conversationId && isNews(client, change)) read();
    });
    const stop = live.onReconnected(read);
    return () => {
      unwatch();
      stop();
    };
  }, [client, conversationId]);
  useEffect(() => {
    if (conversationId === undefined || conversation === undefined) return;
    for (const running of conversation.generations) {
      const known = running.generation_id in useGenerations.getState().answers;
      if (known) continue;
      chooseBranch(conversationId, null);
      followGeneration({
        generationId: running.generation_id,
        conversationId,
        answerId: running.answer_id,
        questionId: running.question_id,
        model: running.model,
        continues: running.continues,
        askedAt: running.started_at * 1000,
        requestId: running.request_id,
      });
    }
  }, [conversationId, conversation]);
  useForgetting(client, conversationId, conversation);
}

/** The end of an answer is a reason to read the conversation; once it holds the answer, the running one is let go. */
function useForgetting(client: QueryClient, conversationId: string | undefined, conversation: Conversation | undefined): void {
  const running = useGenerations((state) =>
    answersOf(state.answers, conversationId)
      .map((answer) => answer.generationId)
      .join(" "),
  );
  useEffect(() => {
    if (conversationId === undefined || running === "") return;
    const ends = running.split(" ").map((id) =>
      whenEnded(id, (answer) => {
        // It ended long ago and was forgotten there, or its conversation was read in the very moment of its end.
        if (answer.failure?.code === "not_found") forget(id);
        void client.invalidateQueries({ queryKey: conversationKey(conversationId) });
      }),
    );
    return () => ends.forEach((end) => end());
  }, [client, conversationId, running]);
  useEffect(() => {
    if (conversation === undefined) return;
    for (const answer of answersOf(useGenerations.getState().answers, conversationId)) {
      if (isSettled(answer, conversation)) forget(answer.generationId);
    }
  }, [conversationId, conversation, running]);
}

/** Most changes that a tab hears of are its own, which it knows already. */
function isNews(client: QueryClient, change: ConversationChange): boolean {
  const shown = client.getQueryData<Conversation>(conversationKey(change.conversation_id));
  const answers = useGenerations.getState().answers;
  switch (change.kind) {
    case "generation_started":
      return change.generation_id == null || !(change.generation_id in answers);
    case "message":
      return !shown?.messages.some((message) => message.id === change.message_id && change.revision === shown.info.revision);
    case "updated":
      return shown === undefined || shown.info.revision < (change.revision ?? Infinity);
    default:
      return true;
  }
}
