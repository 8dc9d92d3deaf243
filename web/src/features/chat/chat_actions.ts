import type { StoredMessage } from "@/lib/api_types";

/** What can be done with the messages of a chat. None of these throws: what goes wrong is told on the page. */
export interface ChatActions {
  /** Ask a stored question differently; the old one stays as a branch. */
  edit: (question: StoredMessage, text: string) => void;
  /** Another answer beside this one. */
  again: (answer: StoredMessage) => void;
  /** An answer to a question that has none. */
  answer: (question: StoredMessage) => void;
  /** More of this answer. */
  more: (answer: StoredMessage) => void;
  /** Show the branch that this message is on. */
  show: (messageId: string) => void;
  /** A new chat with everything down to this message. */
  fork: (message: StoredMessage) => void;
  /** Delete this message and what is below it; asks first. */
  remove: (message: StoredMessage) => void;
}
