import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import TextField from "@mui/material/TextField";
import { useState } from "react";
import { useSendKey } from "@/features/chat/send_key";
import { useText } from "@/i18n/locale";
import { score } from "../fuzzy";
import { openPalette } from "../palette_state";
import { keyName, shortcutsWith, switchShortcuts, useShortcuts } from "../shortcuts";

/** All keys, to be searched, and the switch that turns them off. */
export default function ShortcutSheet() {
  const text = useText();
  const on = useShortcuts((state) => state.on);
  const [search, setSearch] = useState("");
  const sendKey = useSendKey((state) => state.sendKey);
  const groups = shortcutsWith(sendKey).map((group) => ({
    ...group,
    shortcuts: group.shortcuts.filter((each) => score(search, `${text(each.label)} ${each.keys.map((key) => keyName(key, text)).join(" ")}`) !== null),
  })).filter((group) => group.shortcuts.length > 0);
  const close = () => openPalette(null);
  return (
    <Dialog open onClose={close} aria-labelledby="shortcuts-title">
      <DialogTitle id="shortcuts-title">{text("shortcutsTitle")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2 }}>
        <TextField
          autoFocus
          label={text("shortcutsSearch")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          sx={{ mt: 1 }}
        />
        {groups.map((group) => (
          <section key={group.title}>
            <Box component="h3" sx={{ typography: "h3", m: 0, mb: 0.5, fontSize: "0.875rem" }}>
              {text(group.title)}
            </Box>
            <Box component="dl" sx={{ m: 0 }}>
              {group.shortcuts.map((each) => (
                <Box key={each.label} sx={{ display: "flex", justifyContent: "space-between", gap: 2, py: 0.75, borderBottom: 1, borderColor: "divider", opacity: each.switched && !on ? 0.6 : 1 }}>
                  <dt>{text(each.label)}</dt>
                  <Box component="dd" dir="ltr" sx={{ m: 0, display: "flex", gap: 0.5 }}>
                    {each.keys.map((key) => (
                      <Box key={key} component="kbd" sx={{ px: 0.75, border: 1, borderColor: "divider", borderRadius: 1, bgcolor: "sunken" }}>
                        {keyName(key, text)}
                      </Box>
                    ))}
                  </Box>
                </Box>
              ))}
            </Box>
          </section>
        ))}
        <Box role="status">{groups.length === 0 && text("shortcutsNone")}</Box>
        <FormControlLabel
          control={<Switch checked={on} onChange={(event) => switchShortcuts(event.target.checked)} />}
          label={text("shortcutsSwitch")}
        />
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={close}>
          {text("close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
