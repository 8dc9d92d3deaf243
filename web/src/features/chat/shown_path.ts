import type { Conversation, StoredMessage } from "@/lib/api_types";
import { isRunning, type LiveAnswer, messageOf } from "./live_answer";
import { type Branches, branchesOf, type MessageTree, pathTo, treeOf } from "./message_tree";

export interface ShownMessage {
  message: StoredMessage;
  /** While it is made, and when it failed. */
  live: LiveAnswer | undefined;
  branches: Branches;
}

export interface ShownPath {
  tree: MessageTree;
  shown: ShownMessage[];
  /** The last message shown, below which the next question goes. */
  leaf: string | null;
}

/**
 * What to show of a conversation: the stored messages, the answers that are being made in their places, and of all
 * branches the one that was chosen last, here or on the service.
 */
export function shownPath(
  messages: readonly StoredMessage[],
  answers: readonly LiveAnswer[],
  chosen: string | null,
  activeLeaf: string | null,
): ShownPath {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const live = new Map<string, LiveAnswer>();
  for (const answer of answers) {
    const stored = byId.get(answer.answerId);
    live.set(answer.answerId, answer);
    if (answer.question !== null && !byId.has(answer.question.id)) byId.set(answer.question.id, answer.question);
    // Once the stored answer comes from this generation it is the whole one.
    if (stored?.generation_id === answer.generationId) continue;
    byId.set(answer.answerId, messageOf(answer, answer.continues ? stored : undefined));
  }
  const tree = treeOf([...byId.values()]);
  const newest = answers.filter(isRunning).sort((one, other) => other.askedAt - one.askedAt)[0]?.answerId;
  const wanted = [chosen, newest, activeLeaf].find((id) => id != null && tree.byId.has(id)) ?? null;
  const path = pathTo(tree, wanted);
  return {
    tree,
    leaf: path.at(-1)?.id ?? null,
    shown: path.map((message) => ({ message, live: live.get(message.id), branches: branchesOf(tree, message) })),
  };
}

/** The answers that belong to a conversation, oldest first. */
export function answersOf(answers: Record<string, LiveAnswer>, conversationId: string | undefined): LiveAnswer[] {
  return Object.values(answers)
    .filter((answer) => answer.conversationId === conversationId)
    .sort((one, other) => one.askedAt - other.askedAt);
}

/** Whether nothing is left to show of an ended answer that the stored messages do not hold. */
export function isSettled(answer: LiveAnswer, conversation: Conversation): boolean {
  if (isRunning(answer)) return false;
  if (answer.failure !== null) return false;
  if (conversation.messages.some((message) => message.generation_id === answer.generationId)) return true;
  // Stopped before its first word: nothing is stored of it.
  return answer.text === "" && answer.toolCalls.length === 0 && answer.reasoning === "";
}
