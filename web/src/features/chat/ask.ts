import type { ConversationSettings } from "@/features/parameters/settings";
import { ApiError, asApiError } from "@/lib/api_error";
import type { ChatMessage, StoredMessage } from "@/lib/api_types";
import { randomId } from "@/lib/identifiers";
import { live } from "@/lib/live/live";
import { chooseBranch } from "./branch_choice";
import { requestFor } from "./generation_request";
import { announce, followGeneration, forget } from "./generation_store";
import { sameRow } from "./row_keys";

export interface Asking {
  conversationId: string;
  model: string;
  settings: ConversationSettings;
}

/** Ask something new below a message; `parentId` null: at the beginning. Throws ApiError when it is not taken. */
export async function askQuestion(asking: Asking, parentId: string | null, content: ChatMessage["content"]): Promise<void> {
  const question = questionOf(content, parentId);
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

function questionOf(content: ChatMessage["content"], parentId: string | null): StoredMessage {
  return {
    id: `local-${randomId()}`,
    parent_id: parentId,
    created_at: Date.now() / 1000,
    message: { role: "user", content: content ?? "", reasoning: null, name: null, tool_calls: [], tool_call_id: null },
    model: null,
    generation_id: null,
    usage: null,
    time_line: null,
    finish_reason: null,
  } as StoredMessage;
}

/** Shows the answer's place at once, and the answer itself from when the service has taken the question. */
async function begin(
  { conversationId, model }: Asking,
  place: StoredMessage | string | null,
  frame: Record<string, unknown>,
  continued?: string,
): Promise<void> {
  const question = typeof place === "object" ? place : null;
  const local = `local-${randomId()}`;
  const askedAt = Date.now();
  const start = {
    conversationId,
    model,
    askedAt,
    question,
    questionId: question?.id ?? (place as string | null),
    answerId: continued ?? local,
    continues: continued !== undefined,
  };
  chooseBranch(conversationId, null);
  announce({ ...start, generationId: local });
  try {
    const accepted = await live.begin({ conversation_id: conversationId, ...frame });
    const questionId = accepted.question_id ?? start.questionId;
    const answerId = accepted.answer_id ?? start.answerId;
    if (question !== null && questionId !== null) sameRow(questionId, question.id);
    if (continued === undefined) sameRow(answerId, local);
    followGeneration({
      ...start,
      generationId: accepted.generation_id,
      answerId,
      questionId,
      question: question && { ...question, id: questionId ?? question.id },
    });
  } catch (error) {
    throw error instanceof ApiError ? error : asApiError(error);
  } finally {
    forget(local);
  }
}
