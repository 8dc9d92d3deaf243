import { mdiChevronDown, mdiChevronRight, mdiFolderOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import { type DragEvent, memo, type ReactNode, useState } from "react";
import { Icon } from "@/components/Icon";
import { useFormats, useLocaleState, useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import type { InfoChange } from "../api/conversation_queries";
import type { Row } from "../conversation_rows";
import { dropped, isDragged } from "../drag";
import { toggleFolder } from "../sidebar_store";

type OnDrop = (info: ConversationInfo, change: InfoChange) => void;

/** Takes a dragged conversation; the menu of each conversation does the same by click. */
function DropPlace({ change, onDrop, children }: { change: InfoChange | null; onDrop: OnDrop; children: ReactNode }) {
  const [over, setOver] = useState(false);
  const accepts = (event: DragEvent) => change !== null && isDragged(event.dataTransfer);
  return (
    <Box
      onDragOver={(event) => {
        if (!accepts(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const info = accepts(event) ? dropped(event.dataTransfer) : null;
        if (info === null || change === null) return;
        event.preventDefault();
        onDrop(info, change);
      }}
      sx={{ height: "100%", borderRadius: 2, bgcolor: over ? "sunken" : undefined, outline: over ? "2px dashed" : undefined, outlineColor: "primary.main", outlineOffset: -2 }}
    >
      {children}
    </Box>
  );
}

export const HeadingRow = memo(function HeadingRow({ period, onDrop }: { period: Extract<Row, { kind: "heading" }>["period"]; onDrop: OnDrop }) {
  const text = useText();
  const locale = useLocaleState((state) => state.locale);
  const change: InfoChange | null =
    period === "pinned" ? { pinned: true } : period === "folders" ? null : { folder: "", pinned: false };
  return (
    <DropPlace change={change} onDrop={onDrop}>
      <Box component="h2" sx={{ m: 0, px: 1.5, pt: 1.5, typography: "body2", fontSize: "0.75rem", fontWeight: 650, color: "text.secondary" }}>
        {typeof period === "object"
          ? new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" }).format(new Date(period.year, period.month))
          : text(HEADINGS[period])}
      </Box>
    </DropPlace>
  );
});

const HEADINGS = {
  pinned: "conversationsPinned",
  folders: "conversationsFolders",
  today: "conversationsToday",
  yesterday: "conversationsYesterday",
  week: "conversationsWeek",
} as const;

export const FolderRow = memo(function FolderRow({ name, count, open, onDrop }: { name: string; count: number; open: boolean; onDrop: OnDrop }) {
  const text = useText();
  const format = useFormats();
  return (
    <DropPlace change={{ folder: name, pinned: false }} onDrop={onDrop}>
      <ButtonBase
        aria-expanded={open}
        onClick={() => toggleFolder(name)}
        sx={{ width: "100%", height: "100%", justifyContent: "start", gap: 0.75, px: 1, borderRadius: 2, "&:hover": { bgcolor: "action.hover" } }}
      >
        <Icon path={open ? mdiChevronDown : mdiChevronRight} sx={open ? undefined : { "[dir=rtl] &": { transform: "scaleX(-1)" } }} />
        <Icon path={mdiFolderOutline} sx={{ color: "text.secondary" }} />
        <Box component="span" sx={{ flex: 1, textAlign: "start", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", fontSize: "0.9rem" }}>
          <bdi>{name}</bdi>
        </Box>
        <Box component="span" aria-label={text("conversationsInFolder", { count })} sx={{ color: "text.secondary", fontSize: "0.75rem", pe: 0.5 }}>
          {format.number(count)}
        </Box>
      </ButtonBase>
    </DropPlace>
  );
});
