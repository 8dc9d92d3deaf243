import type { ConversationInfo } from "@/lib/api_types";
import type { ConversationPage, Pages } from "./api/conversation_queries";

/** What a list holds, as the service is asked for it. */
export interface Filter {
  search?: string;
  /** An empty text: those without a folder. */
  folder?: string;
  pinned?: boolean;
}

export function infosOf(pages: Pages | undefined): ConversationInfo[] {
  return pages?.pages.flatMap((page) => page.items) ?? [];
}

const isBefore = (one: ConversationInfo, other: ConversationInfo) =>
  one.updated_at > other.updated_at || (one.updated_at === other.updated_at && one.id > other.id);

function belongs(info: ConversationInfo, filter: Filter): boolean {
  return (
    (filter.folder === undefined || filter.folder === info.folder) &&
    (filter.pinned === undefined || filter.pinned === info.pinned)
  );
}

/**
 * The list with a conversation in its place: newest first, and nowhere when the filter leaves it out. What a search
 * finds only the service knows: there it only changes where it stands.
 */
export function placed(pages: Pages, info: ConversationInfo, filter: Filter): Pages {
  if (filter.search !== undefined) return replaced(pages, info);
  const others = removed(pages, new Set([info.id]));
  if (!belongs(info, filter)) return others;
  const at = others.pages.findIndex((page) => page.items.some((item) => isBefore(info, item)));
  // Older than all that is loaded: it comes with the page that it is on, if there is one.
  const last = others.pages.length - 1;
  if (at === -1 && others.pages[last]?.next !== null) return others;
  const target = at === -1 ? last : at;
  return {
    ...others,
    pages: others.pages.map((page, index) => (index === target ? inserted(page, info) : page)),
  };
}

function inserted(page: ConversationPage, info: ConversationInfo): ConversationPage {
  const index = page.items.findIndex((item) => isBefore(info, item));
  const at = index === -1 ? page.items.length : index;
  return { ...page, items: [...page.items.slice(0, at), info, ...page.items.slice(at)] };
}

function replaced(pages: Pages, info: ConversationInfo): Pages {
  return {
    ...pages,
    pages: pages.pages.map((page) =>
      page.items.some((item) => item.id === info.id)
        ? { ...page, items: page.items.map((item) => (item.id === info.id ? info : item)) }
        : page,
    ),
  };
}

export function removed(pages: Pages, ids: ReadonlySet<string>): Pages {
  return {
    ...pages,
    pages: pages.pages.map((page) =>
      page.items.some((item) => ids.has(item.id)) ? { ...page, items: page.items.filter((item) => !ids.has(item.id)) } : page,
    ),
  };
}
