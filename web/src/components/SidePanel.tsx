import { mdiClose } from "@mdi/js";
import Box from "@mui/material/Box";
import Drawer from "@mui/material/Drawer";
import Typography from "@mui/material/Typography";
import { type ReactNode, useId } from "react";
import { useText } from "@/i18n/locale";
import { IconAction } from "./IconAction";

interface SidePanelProps {
  open: boolean;
  title: ReactNode;
  children: ReactNode;
  onClose: () => void;
}

/** Details of a row at the side of its table; on a phone over the whole width. */
export function SidePanel({ open, title, children, onClose }: SidePanelProps) {
  const text = useText();
  const id = useId();
  return (
    <Drawer
      anchor="right"
      open={open}
      onClose={onClose}
      slotProps={{ paper: { role: "dialog", "aria-modal": true, "aria-labelledby": id, sx: { width: "min(28rem, 100vw)" } } }}
    >
      <Box sx={{ display: "flex", alignItems: "start", gap: 1, px: 3, pt: 2.5, pb: 1.5 }}>
        <Typography id={id} variant="h2" sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          {title}
        </Typography>
        <IconAction path={mdiClose} label={text("close")} onClick={onClose} />
      </Box>
      <Box sx={{ px: 3, pb: 3, overflowY: "auto" }}>{children}</Box>
    </Drawer>
  );
}
