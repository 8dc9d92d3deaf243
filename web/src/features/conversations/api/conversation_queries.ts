import { type InfiniteData, type QueryClient, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { Conversation, ConversationInfo } from "@/lib/api_types";
import { type Filter, infosOf, placed, removed } from "../conversation_pages";

/** As the service answers a list. */
export interface ConversationPage {
  items: ConversationInfo[];
  next: string | null;
  matches: Record<string, { message_id: string | null; snippet: string }>;
}

export type Pages = InfiniteData<ConversationPage>;

/** Every list of conversations is below this key, its filter last. */
export const conversationsKey = ["conversations"] as const;
export const foldersKey = ["folders"] as const;
const PAGE = 100;
const MOST_IN_FOLDER = 1000;

async function readPage(filter: Filter, cursor: string | null, limit = PAGE): Promise<ConversationPage> {
  const query = { ...filter, limit, ...(cursor !== null && { cursor }) };
  return (await answerOf(api.GET("/covey/v1/conversations", { params: { query } }))) as ConversationPage;
}

export function useConversationPages(filter: Filter, enabled = true) {
  return useInfiniteQuery({
    queryKey: [...conversationsKey, filter],
    queryFn: ({ pageParam }) => readPage(filter, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled,
    // Changes are told over the live connection.
    staleTime: 300_000,
    placeholderData: filter.search === undefined ? undefined : (before) => before,
  });
}

/** The conversations of some folders, each folder whole. */
export function useFolderContents(names: readonly string[]) {
  return useQueries({
    queries: names.map((folder) => ({
      queryKey: [...conversationsKey, { folder, pinned: false }],
      queryFn: async (): Promise<Pages> => {
        const pages: ConversationPage[] = [];
        let cursor: string | null = null;
        do {
          const page: ConversationPage = await readPage({ folder, pinned: false }, cursor, 200);
          pages.push(page);
          cursor = page.next;
        } while (cursor !== null && pages.length * 200 < MOST_IN_FOLDER);
        return { pages, pageParams: pages.map(() => null) };
      },
      staleTime: 300_000,
    })),
    combine: dataOf,
  });
}

const dataOf = (results: readonly { data: Pages | undefined }[]) => results.map((each) => each.data);

export function useFolders() {
  return useQuery({
    queryKey: foldersKey,
    queryFn: () => answerOf(api.GET("/covey/v1/folders")),
    select: (list) => list.items,
    staleTime: 300_000,
  });
}

/** The newest conversations, whatever their place. */
export async function readNewest(limit: number): Promise<ConversationInfo[]> {
  return (await readPage({}, null, limit)).items;
}

/** The ids of all conversations, newest first. */
export async function readAllInfos(): Promise<ConversationInfo[]> {
  const infos: ConversationInfo[] = [];
  let cursor: string | null = null;
  do {
    const page: ConversationPage = await readPage({}, cursor, 200);
    infos.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return infos;
}

export async function searchConversations(search: string, limit: number): Promise<ConversationPage> {
  return readPage({ search }, null, limit);
}

/** Put a conversation where it belongs in every list that is loaded. */
export function showInfo(client: QueryClient, info: ConversationInfo): void {
  eachList(client, (pages, filter) => placed(pages, info, filter));
}

/** The newest revision of a conversation that a list shows; -1: none does. */
export function knownRevision(client: QueryClient, id: string): number {
  let known = -1;
  for (const [, pages] of client.getQueriesData<Pages>({ queryKey: conversationsKey })) {
    for (const info of infosOf(pages)) if (info.id === id) known = Math.max(known, info.revision);
  }
  return known;
}

export function hideInfos(client: QueryClient, ids: ReadonlySet<string>): void {
  eachList(client, (pages) => removed(pages, ids));
}

function eachList(client: QueryClient, change: (pages: Pages, filter: Filter) => Pages): void {
  for (const [key, pages] of client.getQueriesData<Pages>({ queryKey: conversationsKey })) {
    if (pages !== undefined) client.setQueryData<Pages>(key, change(pages, (key[1] ?? {}) as Filter));
  }
}

export interface InfoChange {
  title?: string;
  pinned?: boolean;
  folder?: string;
}

/** Rename, pin or file a conversation. Shown at once; when the service refuses, every list is read again. */
export async function changeInfo(client: QueryClient, info: ConversationInfo, change: InfoChange): Promise<void> {
  const showOpen = (next: ConversationInfo) =>
    client.setQueryData<Conversation>(["conversation", info.id], (open) => open && { ...open, info: next });
  const show = (next: ConversationInfo) => {
    showInfo(client, next);
    showOpen(next);
  };
  show({ ...info, ...change });
  try {
    show(
      await answerOf(
        api.PATCH("/covey/v1/conversations/{conversation_id}", {
          params: { path: { conversation_id: info.id } },
          body: change as never,
        }),
      ),
    );
  } catch (error) {
    show(info);
    throw error;
  } finally {
    if (change.folder !== undefined || change.pinned !== undefined) void client.invalidateQueries({ queryKey: foldersKey });
  }
}

/** Delete some conversations, one after another. Throws the first failure; those before it are gone. */
export async function deleteConversations(client: QueryClient, ids: readonly string[]): Promise<void> {
  try {
    for (const id of ids) {
      await answerOf(api.DELETE("/covey/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }));
      hideInfos(client, new Set([id]));
      client.removeQueries({ queryKey: ["conversation", id] });
    }
  } finally {
    void client.invalidateQueries({ queryKey: foldersKey });
  }
}

export async function deleteAllConversations(client: QueryClient): Promise<number> {
  const { deleted } = await answerOf(api.DELETE("/covey/v1/conversations", { params: { query: { confirm: "all" } } }));
  client.removeQueries({ queryKey: ["conversation"] });
  await Promise.all([
    client.resetQueries({ queryKey: conversationsKey }),
    client.invalidateQueries({ queryKey: foldersKey }),
  ]);
  return deleted;
}

/** A copy of what is shown of a conversation. */
export async function duplicate(client: QueryClient, info: ConversationInfo, title: string): Promise<ConversationInfo> {
  const copy = await (info.active_leaf === null
    ? answerOf(api.POST("/covey/v1/conversations", { body: { title, folder: info.folder, model: info.model } as never }))
    : answerOf(
        api.POST("/covey/v1/conversations/{conversation_id}/fork", {
          params: { path: { conversation_id: info.id } },
          body: { message_id: info.active_leaf, title } as never,
        }),
      ));
  showInfo(client, copy.info);
  return copy.info;
}
