import { create } from "zustand";

interface ChoiceState {
  /** The message whose branch was chosen in this tab, by conversation, until a new answer begins there. */
  chosen: Record<string, string | null>;
}

export const useBranchChoice = create<ChoiceState>(() => ({ chosen: {} }));

export function chooseBranch(conversationId: string, messageId: string | null): void {
  useBranchChoice.setState(({ chosen }) => ({ chosen: { ...chosen, [conversationId]: messageId } }));
}
