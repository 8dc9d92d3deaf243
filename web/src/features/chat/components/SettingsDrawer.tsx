import { mdiClose } from "@mdi/js";
import Box from "@mui/material/Box";
import Drawer from "@mui/material/Drawer";
import { IconAction } from "@/components/IconAction";
import { ParametersPanel } from "@/features/parameters/components/ParametersPanel";
import type { ConversationSettings } from "@/features/parameters/settings";
import { useText } from "@/i18n/locale";

interface SettingsDrawerProps {
  open: boolean;
  onClose: () => void;
  settings: ConversationSettings;
  onChange: (settings: ConversationSettings) => void;
  model: string | null;
}

/** How the answers of this chat are made. */
export default function SettingsDrawer({ open, onClose, settings, onChange, model }: SettingsDrawerProps) {
  const text = useText();
  return (
    <Drawer
      anchor="right"
      open={open}
      onClose={onClose}
      slotProps={{ paper: { "aria-labelledby": "chat-settings-title", role: "dialog", sx: { width: "min(26rem, 100vw)" } } }}
    >
      <Box sx={{ display: "flex", alignItems: "center", justifyContent: "space-between", px: 2.5, py: 1.5, borderBottom: 1, borderColor: "divider" }}>
        <Box component="h2" id="chat-settings-title" sx={{ typography: "h2", m: 0 }}>
          {text("chatSettings")}
        </Box>
        <IconAction path={mdiClose} label={text("close")} onClick={onClose} />
      </Box>
      <Box sx={{ p: 2.5, overflowY: "auto" }}>
        <ParametersPanel settings={settings} onChange={onChange} model={model} />
      </Box>
    </Drawer>
  );
}
