import { mdiTuneVariant } from "@mdi/js";
import Badge from "@mui/material/Badge";
import Box from "@mui/material/Box";
import { memo, type ReactNode } from "react";
import { IconAction } from "@/components/IconAction";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { ModelPicker } from "@/features/models/components/ModelPicker";
import { type ConversationSettings, countChanged } from "@/features/parameters/settings";
import { useText } from "@/i18n/locale";

interface ChatHeaderProps {
  /** Null for a chat that does not exist yet. */
  title: string | null;
  model: string | null;
  settings: ConversationSettings;
  onModel: (name: string) => void;
  onSettings: () => void;
  settingsOpen: boolean;
  /** Further actions on the chat. */
  children?: ReactNode;
}

/** Names the chat, who answers in it and how. */
export const ChatHeader = memo(function ChatHeader(props: ChatHeaderProps) {
  const { title, model, settings, onModel, onSettings, settingsOpen, children } = props;
  const text = useText();
  const changed = countChanged(settings);
  return (
    <Box component="header" sx={{ display: "flex", alignItems: "center", gap: 1, px: { xs: 1, md: 2 }, minHeight: 52, borderBottom: 1, borderColor: "divider" }}>
      <Box sx={{ minWidth: 0, flex: "0 1 auto", maxWidth: title === null ? undefined : { sm: "60%" } }}>
        <ModelPicker value={model} onChange={onModel} />
      </Box>
      {title === null ? (
        <Box sx={{ flex: 1 }} />
      ) : (
        <Box
          component="h1"
          sx={{ m: 0, fontSize: "0.9rem", fontWeight: 500, color: "text.secondary", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", flex: "1 1 0", minWidth: 0, display: { xs: "none", sm: "block" } }}
        >
          <bdi>{title || text("chatUntitled")}</bdi>
        </Box>
      )}
      {title !== null && (
        <Box sx={{ display: { xs: "block", sm: "none" }, flex: 1 }}>
          <VisuallyHidden component="h1">{title || text("chatUntitled")}</VisuallyHidden>
        </Box>
      )}
      {children}
      <Badge variant="dot" color="secondary" invisible={changed === 0} overlap="circular">
        <IconAction
          path={mdiTuneVariant}
          label={changed === 0 ? text("chatSettings") : text("chatSettingsChanged", { count: changed })}
          aria-expanded={settingsOpen}
          onClick={onSettings}
        />
      </Badge>
    </Box>
  );
});
