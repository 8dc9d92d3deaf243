import { useEffect, useMemo, useState } from "react";
import type { ConversationInfo } from "@/lib/api_types";
import { useConversationPages, useFolderContents, useFolders } from "../api/conversation_queries";
import { infosOf } from "../conversation_pages";
import { foundRows, type Row, rowsOf } from "../conversation_rows";
import { useSidebarStore } from "../sidebar_store";

const SETTLED_MS = 250;
const MINUTE_MS = 60_000;

/** What the side bar lists: everything in its groups, or what a search has found. */
export function useRows() {
  const search = useSettled(useSidebarStore((state) => state.search).trim());
  const openFolders = useSidebarStore((state) => state.openFolders);
  const searching = search !== "";
  const now = useMinute();
  const pinned = useConversationPages({ pinned: true }, !searching);
  const others = useConversationPages({ folder: "", pinned: false }, !searching);
  const found = useConversationPages({ search }, searching);
  const folders = useFolders();
  const open = useMemo(
    () => (folders.data ?? []).map((folder) => folder.name).filter((name) => openFolders.includes(name)),
    [folders.data, openFolders],
  );
  const contents = useFolderContents(open);
  const rows = useMemo((): Row[] => {
    if (searching) return foundRows(infosOf(found.data), Object.assign({}, ...(found.data?.pages.map((page) => page.matches) ?? [])));
    const inFolders = new Map<string, ConversationInfo[]>(open.map((name, index) => [name, infosOf(contents[index])]));
    return rowsOf({ pinned: infosOf(pinned.data), folders: folders.data ?? [], inFolders, others: infosOf(others.data) }, now);
  }, [searching, found.data, pinned.data, folders.data, others.data, open, now, contents]);
  return { rows, searching, list: searching ? found : others };
}

/** The value once it has stayed the same for a moment; at once when it becomes empty. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return value === "" ? "" : settled;
}

/** The time, anew each minute: yesterday begins at midnight also in a tab that stays open. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
