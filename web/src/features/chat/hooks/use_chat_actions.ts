import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useLayoutEffect, useMemo, useRef } from "react";
import { toast } from "@/components/toast";
import { useText } from "@/i18n/locale";
import type { StoredMessage } from "@/lib/api_types";
import { changeConversation, conversationKey, forkConversation } from "../api/chat_queries";
import { askAgain, askForMore, type Asking, askQuestion } from "../ask";
import { chooseBranch } from "../branch_choice";
import type { ChatActions } from "../chat_actions";
import { forget, useGenerations } from "../generation_store";
import { leafBelow, type MessageTree } from "../message_tree";
import { imagesOf, splitFiles, textOf, withFiles } from "../message_text";
import { answersOf } from "../shown_path";
import { withdrawable, Withdrawn } from "../withdraw";

interface ChatActionFacts {
  conversationId: string;
  model: string | null;
  settings: Asking["settings"];
  tree: MessageTree;
  onRemove: (message: StoredMessage) => void;
  onError: (error: unknown) => void;
}

/** The actions of a chat's messages. They stay the same objects, so that rows are not drawn again for them. */
export function useChatActions(facts: ChatActionFacts): ChatActions {
  const client = useQueryClient();
  const navigate = useNavigate();
  const text = useText();
  const now = useRef(facts);
  useLayoutEffect(() => {
    now.current = facts;
  });
  return useMemo(() => {
    const ask = (work: (asking: Asking) => Promise<void>) => {
      const { conversationId, model, settings, onError } = now.current;
      if (model === null) return;
      withdrawable(conversationId, (signal) => work({ conversationId, model, settings, signal })).catch((error: unknown) => {
        if (!(error instanceof Withdrawn)) return onError(error);
        const read = () => client.invalidateQueries({ queryKey: conversationKey(conversationId) });
        error.undone.then(read).catch(onError);
      });
    };
    const answer = (questionId: string) => {
      forgetFailures(now.current.conversationId, questionId);
      ask((asking) => askAgain(asking, questionId));
    };
    return {
      edit: (question, changed) => ask((asking) => askQuestion(asking, question.parent_id, changedContent(question, changed))),
      again: (message) => message.parent_id && answer(message.parent_id),
      answer: (question) => answer(question.id),
      more: (message) => {
        forgetFailures(now.current.conversationId, message.parent_id);
        ask((asking) => askForMore(asking, message));
      },
      show: (messageId) => {
        const { conversationId, tree, onError } = now.current;
        const leaf = leafBelow(tree, messageId);
        chooseBranch(conversationId, leaf);
        // An answer that is still being made cannot be chosen on the service; it will be shown there anyway.
        const stored = tree.byId.get(leaf);
        if (stored?.finish_reason != null || stored?.message.role === "user") {
          changeConversation(client, conversationId, { active_leaf: leaf }).catch(onError);
        }
      },
      fork: (message) => {
        const { conversationId, onError } = now.current;
        forkConversation(conversationId, message.id).then((fork) => {
          client.setQueryData(conversationKey(fork.info.id), fork);
          toast({ text: text("messageForked") });
          void navigate({ to: "/c/$conversationId", params: { conversationId: fork.info.id } });
        }, onError);
      },
      remove: (message) => now.current.onRemove(message),
    };
  }, [client, navigate, text]);
}

/** The changed text, with the files and pictures that the question had. */
function changedContent(question: StoredMessage, changed: string) {
  const { content } = question.message;
  const whole = withFiles(changed, splitFiles(textOf(content)).files);
  if (!Array.isArray(content) || imagesOf(content).length === 0) return whole;
  return [{ type: "text" as const, text: whole }, ...content.filter((part) => part.type !== "text")];
}

/** A failed answer of which nothing is stored is gone as soon as another one is asked for. */
function forgetFailures(conversationId: string, questionId: string | null): void {
  for (const answer of answersOf(useGenerations.getState().answers, conversationId)) {
    if (answer.questionId === questionId && answer.failure !== null) forget(answer.generationId);
  }
}
