import Box from "@mui/material/Box";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { useText } from "@/i18n/locale";

interface ChatHeaderProps {
  /** Null for a chat that does not exist yet. */
  title: string | null;
  model: string | null;
}

/** Names the chat and who answers in it. */
export function ChatHeader({ title, model }: ChatHeaderProps) {
  const text = useText();
  return (
    <Box component="header" sx={{ display: "flex", alignItems: "center", gap: 2, px: { xs: 2, md: 3 }, minHeight: 52, borderBottom: 1, borderColor: "divider" }}>
      {title === null ? (
        <VisuallyHidden component="p">{text("chatUntitled")}</VisuallyHidden>
      ) : (
        <Box component="h1" sx={{ m: 0, fontSize: "0.95rem", fontWeight: 600, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", flex: 1, minWidth: 0 }}>
          <bdi>{title || text("chatUntitled")}</bdi>
        </Box>
      )}
      {model !== null && (
        <Box sx={{ color: "text.secondary", fontSize: "0.875rem", marginInlineStart: "auto", whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis" }}>
          <bdi>{model}</bdi>
        </Box>
      )}
    </Box>
  );
}
