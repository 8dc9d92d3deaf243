import { useQueryClient } from "@tanstack/react-query";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useText } from "@/i18n/locale";
import type { StoredMessage } from "@/lib/api_types";
import { conversationKey, deleteBranch } from "../api/chat_queries";
import { chooseBranch } from "../branch_choice";
import { forget, useGenerations } from "../generation_store";
import { branchBelow, type MessageTree } from "../message_tree";
import { answersOf } from "../shown_path";

interface RemoveBranchDialogProps {
  conversationId: string;
  tree: MessageTree;
  /** Null: nothing is to be deleted. */
  message: StoredMessage | null;
  onClose: () => void;
}

/** Asks before a message and what follows it are deleted. */
export function RemoveBranchDialog({ conversationId, tree, message, onClose }: RemoveBranchDialogProps) {
  const text = useText();
  const client = useQueryClient();
  const ids = message === null ? [] : branchBelow(tree, message.id);
  const remove = async () => {
    if (message === null) return;
    await deleteBranch(conversationId, message.id);
    for (const answer of answersOf(useGenerations.getState().answers, conversationId)) {
      if (ids.includes(answer.answerId)) forget(answer.generationId);
    }
    chooseBranch(conversationId, null);
    await client.invalidateQueries({ queryKey: conversationKey(conversationId) });
  };
  return (
    <ConfirmDialog open={message !== null} title={text("messageDeleteTitle")} action={text("messageDeleteAction")} destructive run={remove} onClose={onClose}>
      {text("messageDeleteText", { count: ids.length })}
    </ConfirmDialog>
  );
}
