import { mdiDotsHorizontal, mdiPin } from "@mdi/js";
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Checkbox from "@mui/material/Checkbox";
import { memo } from "react";
import { Icon } from "@/components/Icon";
import { ListLink } from "@/components/links";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import { type Sign, useSign } from "../activity";
import { dragged } from "../drag";
import { toggleSelected, useSidebarStore } from "../sidebar_store";
import type { Found } from "../conversation_rows";
import { TitleField } from "./TitleField";

interface ConversationRowProps {
  rowKey: string;
  info: ConversationInfo;
  found: Found | null;
  inFolder: boolean;
  onMenu: (info: ConversationInfo, rowKey: string, anchor: HTMLElement) => void;
  onRename: (info: ConversationInfo, title: string) => void;
}

/** One conversation of the side bar. */
export const ConversationRow = memo(function ConversationRow({ rowKey, info, found, inFolder, onMenu, onRename }: ConversationRowProps) {
  const text = useText();
  const renaming = useSidebarStore((state) => state.renaming === rowKey);
  const selecting = useSidebarStore((state) => state.selected !== null);
  const selected = useSidebarStore((state) => state.selected?.has(info.id) ?? false);
  const sign = useSign(info.id);
  const title = info.title || text("conversationUntitled");
  if (renaming) {
    return (
      <TitleField
        title={info.title}
        onDone={(next) => {
          useSidebarStore.setState({ renaming: null });
          if (next !== null) onRename(info, next);
        }}
      />
    );
  }
  if (selecting) {
    return (
      <Box component="label" sx={{ display: "flex", alignItems: "center", height: "100%", px: 0.5, borderRadius: 2, cursor: "pointer", bgcolor: selected ? "sunken" : undefined }}>
        <Checkbox size="small" checked={selected} onChange={() => toggleSelected(info.id)} sx={{ p: 0.5, mx: 0.5 }} />
        <Box component="bdi" sx={LINE}>{title}</Box>
      </Box>
    );
  }
  return (
    <Box sx={CHAT}>
      <ListLink
        to="/c/$conversationId"
        params={{ conversationId: info.id }}
        search={found === null ? {} : { message: found.messageId }}
        preload={false}
        draggable
        onDragStart={(event) => dragged(event.dataTransfer, info)}
        className={inFolder ? "inFolder" : undefined}
      >
        <div>
          <bdi title={title} className={sign === "unread" ? "unread" : undefined}>{title}</bdi>
          {found !== null && <bdi className="snippet">{found.snippet}</bdi>}
        </div>
        <SignMark sign={sign} />
        {info.pinned && inFolder && <Icon path={mdiPin} sx={{ fontSize: "0.9rem", color: "text.secondary" }} />}
      </ListLink>
      {/* No tooltip: it would take longer to draw than the row. */}
      <ButtonBase className="menu" aria-label={text("conversationMenu", { title })} aria-haspopup="menu" onClick={(event) => onMenu(info, rowKey, event.currentTarget)}>
        <Icon path={mdiDotsHorizontal} />
      </ButtonBase>
    </Box>
  );
});

const LINE = { display: "block", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", fontSize: "0.9rem" } as const;

/** All of a row in one style: each further one costs time for every row that is scrolled into view. */
const CHAT = {
  position: "relative",
  height: "100%",
  "& > a": { height: "100%", borderRadius: 2, py: 0, gap: 0.75, paddingInlineStart: "12px", paddingInlineEnd: "40px" },
  "& > a.inFolder": { paddingInlineStart: "28px" },
  "& > a[data-status=active]": { bgcolor: "sunken", fontWeight: 600 },
  "& > a > div": { minWidth: 0, flex: 1 },
  "& bdi": LINE,
  "& bdi.unread": { fontWeight: 700 },
  "& bdi.snippet": { fontSize: "0.78rem", fontWeight: 400, color: "text.secondary" },
  "& > .menu": { position: "absolute", insetInlineEnd: 4, top: "50%", mt: "-14px", width: 28, height: 28, borderRadius: "50%", opacity: { xs: 1, md: 0 } },
  "& > .menu:hover": { bgcolor: "action.hover" },
  "&:hover > .menu, &:focus-within > .menu, & > .menu[aria-expanded=true]": { opacity: 1 },
} as const;

function SignMark({ sign }: { sign: Sign }) {
  const text = useText();
  if (sign === null) return null;
  const running = sign === "running";
  return (
    <Box
      component="span"
      sx={{
        width: 8,
        height: 8,
        flex: "none",
        borderRadius: "50%",
        bgcolor: running ? "transparent" : "primary.main",
        border: running ? 2 : 0,
        borderColor: "secondary.main",
        animation: running ? "breathe 1.4s ease-in-out infinite" : undefined,
        "@keyframes breathe": { "50%": { transform: "scale(0.6)" } },
      }}
    >
      <VisuallyHidden>{text(running ? "conversationAnswering" : "conversationUnread")}</VisuallyHidden>
    </Box>
  );
}
