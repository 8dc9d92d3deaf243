import Box from "@mui/material/Box";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import type { InfoChange } from "../api/conversation_queries";
import { nextRow, type Row } from "../conversation_rows";
import { useSidebarStore } from "../sidebar_store";
import { ConversationRow } from "./ConversationRow";
import { FolderRow, HeadingRow } from "./GroupRow";

interface ConversationListProps {
  rows: readonly Row[];
  /** Reads the next page; undefined when there is none or it is being read. */
  more: (() => void) | undefined;
  onMenu: (info: ConversationInfo, rowKey: string, anchor: HTMLElement) => void;
  onRename: (info: ConversationInfo, title: string) => void;
  onChange: (info: ConversationInfo, change: InfoChange) => void;
  onRemove: (infos: readonly ConversationInfo[]) => void;
}

const sizeOf = (row: Row | undefined) => (row?.kind === "heading" ? 34 : row?.kind === "chat" && row.found !== null ? 54 : 36);

const LIST = { m: 0, p: 0, listStyle: "none", position: "relative", "& > li": { position: "absolute", insetInline: 0, top: 0, contain: "layout style" } };

/** The conversations, however many: only those in sight are on the page. Arrows move through them. */
export function ConversationList({ rows, more, onMenu, onRename, onChange, onRemove }: ConversationListProps) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => sizeOf(rows[index]),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more !== undefined && last >= rows.length - 20) more();
  }, [last, rows.length, more]);
  // Rows of another kind in the same places have other heights.
  useEffect(() => virtual.measure(), [rows, virtual]);
  const focusRow = (index: number) => {
    const find = () => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] :is(a, button, input)`);
    virtual.scrollToIndex(index, { align: "auto" });
    const present = find();
    // A key that is held down is faster than frames; only rows that are not on the page yet have to be waited for.
    if (present) present.focus({ preventScroll: true });
    else requestAnimationFrame(() => find()?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const place = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (place === null) return;
    const index = Number(place.dataset.index);
    const row = rows[index];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = nextRow(rows, index, event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      if (next !== -1) focusRow(next);
    } else if (row?.kind === "chat" && event.key === "F2") {
      useSidebarStore.setState({ renaming: row.key });
    } else if (row?.kind === "chat" && event.key === "Delete") {
      onRemove([row.info]);
    }
  };
  return (
    <Box ref={scroller} sx={{ flex: 1, minHeight: 0, overflowY: "auto", px: 1, mt: 0.75, pb: 1, scrollbarWidth: "thin" }}>
      {/* The keys belong to the links and buttons inside. */}
      <Box component="ul" aria-label={text("conversations")} onKeyDown={onKeyDown} sx={LIST} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <li key={item.key} data-index={item.index} style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
                {row.kind === "heading" && <HeadingRow period={row.period} onDrop={onChange} />}
                {row.kind === "folder" && <FolderRow name={row.name} count={row.count} open={row.open} onDrop={onChange} />}
                {row.kind === "chat" && (
                  <ConversationRow rowKey={row.key} info={row.info} found={row.found} inFolder={row.inFolder} onMenu={onMenu} onRename={onRename} />
                )}
              </li>
            )
          );
        })}
      </Box>
    </Box>
  );
}
