import { mdiCheck, mdiChevronUp, mdiLogout } from "@mdi/js";
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Divider from "@mui/material/Divider";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import ListSubheader from "@mui/material/ListSubheader";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useColorScheme } from "@mui/material/styles";
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { toast } from "@/components/toast";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { openPalette } from "@/features/palette/palette_state";
import { COMMAND, keyName } from "@/features/palette/shortcuts";
import { logOut } from "@/features/session/api/session_api";
import { leave, useSession } from "@/features/session/session";
import { chooseLocale, LOCALES, type Locale, type MessageKey, useLocaleState, useText } from "@/i18n/locale";

const SCHEMES: ["light" | "dark" | "system", MessageKey][] = [
  ["system", "themeSystem"],
  ["light", "themeLight"],
  ["dark", "themeDark"],
];

/** What opens over any page, with its keys. */
const OVERLAYS: ["palette" | "sheet", MessageKey, string[]][] = [
  ["palette", "shortcutPalette", [COMMAND, "K"]],
  ["sheet", "shortcutsTitle", ["?"]],
];

/** Who is logged in; language, theme, what keys open, and the way out. */
export function AccountMenu() {
  const text = useText();
  const user = useSession((state) => state.user);
  const locale = useLocaleState((state) => state.locale);
  const { mode, setMode } = useColorScheme();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  if (user === null) return null;
  const close = () => setAnchor(null);
  const end = async (everywhere: boolean) => {
    close();
    try {
      await logOut(everywhere);
      if (everywhere) toast({ text: text("loggedOutEverywhere") });
    } finally {
      leave();
    }
  };
  return (
    <>
      <ButtonBase
        onClick={(event) => setAnchor(event.currentTarget)}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        sx={{ width: "100%", p: 1, borderRadius: 2, gap: 1.25, justifyContent: "start", "&:hover": { bgcolor: "action.hover" } }}
      >
        <Box
          aria-hidden="true"
          sx={{ width: 28, height: 28, flex: "none", display: "grid", placeItems: "center", borderRadius: "50%", fontSize: "0.85rem", bgcolor: "primary.main", color: "primary.contrastText" }}
        >
          {[...user.username][0]?.toUpperCase()}
        </Box>
        <VisuallyHidden>{text("accountMenu", { name: user.username })}</VisuallyHidden>
        <Box component="bdi" aria-hidden="true" sx={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", flex: 1, textAlign: "start" }}>
          {user.username}
        </Box>
        <Icon path={mdiChevronUp} />
      </ButtonBase>
      <Menu
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: "top", horizontal: "left" }}
        transformOrigin={{ vertical: "bottom", horizontal: "left" }}
        slotProps={{ paper: { sx: { width: 240 } } }}
      >
        <ListSubheader role="presentation" sx={{ lineHeight: 2.2, bgcolor: "transparent" }}>{text("theme")}</ListSubheader>
        {SCHEMES.map(([scheme, label]) => (
          <MenuItem key={scheme} role="menuitemradio" aria-checked={mode === scheme} dense onClick={() => setMode(scheme)}>
            <ListItemIcon>{mode === scheme && <Icon path={mdiCheck} />}</ListItemIcon>
            <ListItemText>{text(label)}</ListItemText>
          </MenuItem>
        ))}
        <Divider />
        <ListSubheader role="presentation" sx={{ lineHeight: 2.2, bgcolor: "transparent" }}>{text("language")}</ListSubheader>
        {(Object.keys(LOCALES) as Locale[]).map((each) => (
          <MenuItem
            key={each}
            role="menuitemradio"
            aria-checked={locale === each}
            dense
            lang={each}
            onClick={() => void chooseLocale(each)}
          >
            <ListItemIcon>{locale === each && <Icon path={mdiCheck} />}</ListItemIcon>
            <ListItemText>{LOCALES[each].name}</ListItemText>
          </MenuItem>
        ))}
        <Divider />
        {OVERLAYS.map(([overlay, label, keys]) => (
          <MenuItem
            key={overlay}
            dense
            onClick={() => {
              close();
              openPalette(overlay);
            }}
          >
            <ListItemIcon />
            <ListItemText>{text(label)}</ListItemText>
            <Box component="kbd" dir="ltr" sx={{ color: "text.secondary" }}>
              {keys.map((key) => keyName(key, text)).join(" ")}
            </Box>
          </MenuItem>
        ))}
        <Divider />
        <MenuItem dense onClick={() => void end(false)}>
          <ListItemIcon>
            <Icon path={mdiLogout} />
          </ListItemIcon>
          <ListItemText>{text("logOut")}</ListItemText>
        </MenuItem>
        <MenuItem dense onClick={() => void end(true)}>
          <ListItemIcon />
          <ListItemText>{text("logOutEverywhere")}</ListItemText>
        </MenuItem>
      </Menu>
    </>
  );
}
