import { isRunning, type LiveAnswer, messageOf } from "@/features/chat/live_answer";
import { questionMessage } from "@/features/chat/question_message";
import type { ConversationSettings } from "@/features/parameters/settings";
import type { ChatMessage, StoredMessage } from "@/lib/api_types";

export const MOST_COLUMNS = 4;
export const LEAST_COLUMNS = 2;

/** One model that answers beside others. */
export interface Column {
  key: string;
  model: string | null;
  /** null: those of the page. */
  settings: ConversationSettings | null;
}

/** A question that every column was asked, with the generation that answers it in each. */
export interface Turn {
  id: string;
  question: string;
  askedAt: number;
  answers: Record<string, string>;
}

/** The models in an address: at most four names, each once or more. */
export function modelsIn(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name.length <= 200)
    .slice(0, MOST_COLUMNS);
}

/** What a column is asked: what was said in it before, and the question of the turn. Turns it failed in are left out. */
export function historyOf(
  turns: readonly Turn[],
  upTo: string,
  column: string,
  answers: Record<string, LiveAnswer>,
): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const turn of turns) {
    const question = { role: "user", content: turn.question } as ChatMessage;
    if (turn.id === upTo) return [...messages, question];
    const answer = answers[turn.answers[column] ?? ""];
    if (answer !== undefined && answer.text !== "") messages.push(question, { role: "assistant", content: answer.text } as ChatMessage);
  }
  return messages;
}

/** A column as the messages of a conversation that begins with it. */
export function asConversation(turns: readonly Turn[], column: string, answers: Record<string, LiveAnswer>): StoredMessage[] {
  const messages: StoredMessage[] = [];
  for (const turn of turns) {
    const answer = answers[turn.answers[column] ?? ""];
    const question = questionMessage(turn.id, messages.at(-1)?.id ?? null, turn.askedAt, turn.question);
    messages.push(question);
    if (answer === undefined || answer.text === "") continue;
    messages.push({ ...messageOf(answer), id: `${turn.id}-answer`, parent_id: question.id });
  }
  return messages;
}

export function runningIn(turns: readonly Turn[], column: string | null, answers: Record<string, LiveAnswer>): string[] {
  return turns.flatMap((turn) =>
    Object.entries(turn.answers)
      .filter(([key, id]) => (column === null || key === column) && isRunning(answers[id]))
      .map(([, id]) => id),
  );
}
