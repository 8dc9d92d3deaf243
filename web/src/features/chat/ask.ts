import type { ConversationSettings } from "@/features/parameters/settings";
import { asApiError } from "@/lib/api_error";
import type { ChatMessage, StoredMessage } from "@/lib/api_types";
import { randomId } from "@/lib/identifiers";
import type { Accepted } from "@/lib/live/frames";
import { live } from "@/lib/live/live";
import { chooseBranch } from "./branch_choice";
import { requestFor } from "./generation_request";
import { announce, followGeneration, forget } from "./generation_store";
import { questionMessage } from "./question_message";
import { sameRow } from "./row_keys";
import { takeBack, unlessAborted, Withdrawn } from "./withdraw";

export interface Asking {
  conversationId: string;
  model: string;
  settings: ConversationSettings;
  /** Aborted when the person does not want to ask any more. */
  signal?: AbortSignal;
}

/**
 * Ask something new below a message; `parentId` null: at the beginning. Throws ApiError when it is not taken, and
 * Withdrawn when `signal` was aborted before it was.
 */
export async function askQuestion(asking: Asking, parentId: string | null, content: ChatMessage["content"]): Promise<void> {
  const question = questionMessage(`local-${randomId()}`, parentId, Date.now(), content);
  const request = requestFor(asking.model, asking.settings);
  await begin(asking, question, {
    parent_id: parentId ?? "",
    stored_history: true,
    generate: { ...request, messages: [...request.messages, { role: "user", content }] },
  });
}

/** Ask for another answer to a stored question. */
export async function askAgain(asking: Asking, questionId: string): Promise<void> {
  await begin(asking, questionId, { answer_to: questionId, generate: requestFor(asking.model, asking.settings) });
}

/** Ask for more of a stored answer. */
export async function askForMore(asking: Asking, answer: StoredMessage): Promise<void> {
  await begin(asking, answer.parent_id, { continue_id: answer.id, generate: requestFor(asking.model, asking.settings) }, answer.id);
}

/** Shows the answer's place at once, and the answer itself from when the service has taken the question. */
async function begin(
  { conversationId, model, signal }: Asking,
  place: StoredMessage | string | null,
  frame: Record<string, unknown>,
  continued?: string,
): Promise<void> {
  const question = typeof place === "object" ? place : null;
  const local = `local-${randomId()}`;
  const start = {
    conversationId,
    model,
    askedAt: Date.now(),
    question,
    questionId: question?.id ?? (place as string | null),
    answerId: continued ?? local,
    continues: continued !== undefined,
  };
  chooseBranch(conversationId, null);
  announce({ ...start, generationId: local });
  const accepting = live.begin({ conversation_id: conversationId, ...frame }, signal);
  try {
    const accepted = await unlessAborted(accepting, signal);
    if (accepted === null) {
      const leftBehind = ({ question_id, answer_id }: Accepted) => (question !== null ? question_id : continued === undefined ? answer_id : null);
      throw new Withdrawn(takeBack(accepting, conversationId, leftBehind));
    }
    const questionId = accepted.question_id ?? start.questionId;
    const answerId = accepted.answer_id ?? start.answerId;
    if (question !== null && questionId !== null) sameRow(questionId, question.id);
    if (continued === undefined) sameRow(answerId, local);
    followGeneration({
      ...start,
      generationId: accepted.generation_id,
      requestId: accepted.request_id,
      answerId,
      questionId,
      question: question && { ...question, id: questionId ?? question.id },
    });
  } catch (error) {
    throw error instanceof Withdrawn ? error : asApiError(error);
  } finally {
    forget(local);
  }
}
