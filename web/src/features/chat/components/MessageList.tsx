import { mdiArrowDown } from "@mdi/js";
import Box from "@mui/material/Box";
import Fab from "@mui/material/Fab";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { useText } from "@/i18n/locale";
import { MEASURE } from "@/theme/tokens";
import type { ChatActions } from "../chat_actions";
import { rowKey } from "../row_keys";
import type { ShownMessage } from "../shown_path";
import { ChatRow } from "./ChatRow";

/** How near to the end somebody has to be for new text to be kept in sight. */
const NEAR_PX = 64;
/** How far from it somebody has to be for a way back to be offered. */
const AWAY_PX = 240;
const GAP_PX = 10;
/** How long a chat may go on being laid out after it was opened, unless somebody scrolls in it. */
const OPENING_MS = 5000;

const ROW = {
  position: "absolute",
  insetInline: 0,
  top: 0,
  "&.found::before": { content: '""', position: "absolute", insetBlock: -4, insetInlineStart: { xs: -10, md: -16 }, width: 3, borderRadius: 2, bgcolor: "secondary.main" },
} as const;

function distanceFromEnd(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight;
}

interface MessageListProps {
  shown: ShownMessage[];
  busy: boolean;
  actions: ChatActions;
  conversationId: string;
  /** The message to begin at, instead of the end. */
  found?: string | undefined;
}

/** The messages of a chat. Only those in sight are on the page; the end stays in sight while somebody reads there. */
export const MessageList = memo(function MessageList({ shown, busy, actions, conversationId, found }: MessageListProps) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (shown[index]?.message.message.role === "user" ? 110 : 320),
    getItemKey: (index) => rowKey(shown[index]?.message.id ?? String(index)),
    overscan: 4,
    gap: GAP_PX,
    paddingStart: 24,
    paddingEnd: 24,
    scrollPaddingStart: 16,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_PX,
    useFlushSync: false,
    initialRect: { width: 800, height: 800 },
  });
  const opening = useRef(true);
  const opened = () => {
    opening.current = false;
  };
  useLayoutEffect(() => {
    virtualizer.scrollToEnd();
    // Rows are measured, and code and formulae laid out, after the first look: the end is held in sight meanwhile, unless
    // somebody moves.
    const timer = setTimeout(opened, OPENING_MS);
    let frame = 0;
    const hold = () => {
      const box = scroller.current;
      if (!opening.current || box === null) return;
      if (distanceFromEnd(box) > 1) box.scrollTop = box.scrollHeight;
      frame = requestAnimationFrame(hold);
    };
    frame = requestAnimationFrame(hold);
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [conversationId, virtualizer]);
  useEffect(() => {
    // The field below grows with what is written: the end must not slip behind it.
    const element = scroller.current;
    if (element === null) return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      const lost = height - element.clientHeight;
      height = element.clientHeight;
      if (lost > 0 && distanceFromEnd(element) - lost <= NEAR_PX) virtualizer.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [virtualizer]);
  const foundAt = found === undefined ? -1 : shown.findIndex(({ message }) => message.id === found);
  useLayoutEffect(() => {
    if (foundAt === -1) return;
    opening.current = false;
    virtualizer.scrollToIndex(foundAt, { align: "start" });
  }, [foundAt, virtualizer]);
  const last = shown.at(-1)?.message.id;
  const asked = shown.at(-1)?.live?.phase === "sending";
  useEffect(() => {
    // Whoever has just asked wants to see the answer, wherever they were reading.
    if (asked) virtualizer.scrollToEnd();
  }, [asked, last, virtualizer]);
  return (
    <Box sx={{ position: "relative", flex: 1, minHeight: 0 }}>
      <Box
        ref={scroller}
        role="region"
        aria-label={text("chatMessages")}
        tabIndex={0}
        onWheel={opened}
        onTouchMove={opened}
        onKeyDown={opened}
        onPointerDown={opened}
        onScroll={(event) => setAway(distanceFromEnd(event.currentTarget) > AWAY_PX)}
        sx={{ height: "100%", overflowY: "auto", overflowAnchor: "none", px: { xs: 2, md: 3 }, contain: "strict", "&:focus-visible": { outline: "2px solid", outlineColor: "secondary.main", outlineOffset: -2 } }}
      >
        <Box sx={{ position: "relative", maxWidth: MEASURE, mx: "auto" }} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const each = shown[item.index];
            return each === undefined ? null : (
              <Box
                key={item.key}
                data-index={item.index}
                ref={virtualizer.measureElement}
                className={item.index === foundAt ? "found" : undefined}
                sx={ROW}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <ChatRow
                  shown={each}
                  number={item.index + 1}
                  last={item.index === shown.length - 1}
                  busy={busy}
                  actions={actions}
                  conversationId={conversationId}
                />
              </Box>
            );
          })}
        </Box>
      </Box>
      {away && (
        <Fab
          size="small"
          aria-label={text("chatNewest")}
          onClick={() => virtualizer.scrollToEnd({ behavior: "smooth" })}
          sx={{ position: "absolute", bottom: 12, insetInlineStart: "50%", marginInlineStart: "-20px", bgcolor: "background.paper", color: "text.primary", border: 1, borderColor: "divider", boxShadow: "none", "&:hover": { bgcolor: "sunken" } }}
        >
          <Icon path={mdiArrowDown} />
        </Fab>
      )}
    </Box>
  );
});
