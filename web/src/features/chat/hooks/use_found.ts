import { useEffect, useRef } from "react";
import { chooseBranch } from "../branch_choice";
import { leafBelow } from "../message_tree";
import type { ShownPath } from "../shown_path";

/** Shows the branch of a message that a search has found, once for each: whoever then chooses another one keeps it. */
export function useFound(conversationId: string | undefined, { tree, shown }: ShownPath, found: string | undefined): void {
  const done = useRef<string>(undefined);
  useEffect(() => {
    if (conversationId === undefined || found === undefined || done.current === found || !tree.byId.has(found)) return;
    done.current = found;
    if (!shown.some(({ message }) => message.id === found)) chooseBranch(conversationId, leafBelow(tree, found));
  }, [conversationId, found, tree, shown]);
}
