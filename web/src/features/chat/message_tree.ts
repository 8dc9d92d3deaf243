import type { StoredMessage } from "@/lib/api_types";

/** The messages of a conversation by their places. Messages whose parent is gone count as first ones. */
export interface MessageTree {
  byId: Map<string, StoredMessage>;
  /** Children in the order they came; the first messages are under the empty text. */
  children: Map<string, string[]>;
}

export const FIRST = "";

export function treeOf(messages: readonly StoredMessage[]): MessageTree {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = new Map<string, string[]>();
  const first = firstOnes(byId);
  for (const message of [...byId.values()].sort((one, other) => one.created_at - other.created_at)) {
    const parent = first.has(message.id) ? FIRST : (message.parent_id ?? FIRST);
    const present = children.get(parent);
    if (present === undefined) children.set(parent, [message.id]);
    else present.push(message.id);
  }
  return { byId, children };
}

/** The messages whose named parent does not count: it does not exist, or it leads back to them. */
function firstOnes(byId: Map<string, StoredMessage>): Set<string> {
  const first = new Set<string>();
  const settled = new Set<string>();
  for (const message of byId.values()) {
    const walked = new Set<string>();
    let current: StoredMessage | undefined = message;
    while (current !== undefined && !settled.has(current.id)) {
      walked.add(current.id);
      const parent: string | null = current.parent_id;
      if (!parent || !byId.has(parent) || walked.has(parent)) {
        first.add(current.id);
        break;
      }
      current = byId.get(parent);
    }
    for (const id of walked) settled.add(id);
  }
  return first;
}

/** The end of the branch below a message, along the newest messages. */
export function leafBelow(tree: MessageTree, id: string): string {
  let leaf = id;
  const seen = new Set<string>();
  while (!seen.has(leaf)) {
    seen.add(leaf);
    const newest = tree.children.get(leaf)?.at(-1);
    if (newest === undefined) return leaf;
    leaf = newest;
  }
  return leaf;
}

/** The messages to show, first to last: those above `leaf` and the newest below it. */
export function pathTo(tree: MessageTree, leaf: string | null): StoredMessage[] {
  const start = leaf !== null && tree.byId.has(leaf) ? leaf : tree.children.get(FIRST)?.at(-1);
  if (start === undefined) return [];
  const path: StoredMessage[] = [];
  const seen = new Set<string>();
  let current = tree.byId.get(leafBelow(tree, start));
  while (current !== undefined && !seen.has(current.id)) {
    seen.add(current.id);
    path.push(current);
    current = current.parent_id ? tree.byId.get(current.parent_id) : undefined;
  }
  return path.reverse();
}

export interface Branches {
  /** The message and what stands in its place in other branches, in the order they came. */
  ids: string[];
  /** Which of these it is, from 0. */
  index: number;
}

export function branchesOf(tree: MessageTree, message: StoredMessage): Branches {
  const parent = message.parent_id && tree.byId.has(message.parent_id) ? message.parent_id : FIRST;
  const ids = tree.children.get(parent) ?? [message.id];
  return { ids, index: Math.max(0, ids.indexOf(message.id)) };
}

/** The message and everything below it. */
export function branchBelow(tree: MessageTree, id: string): string[] {
  const found: string[] = [];
  const open = [id];
  const seen = new Set<string>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    found.push(next);
    open.push(...(tree.children.get(next) ?? []));
  }
  return found;
}
