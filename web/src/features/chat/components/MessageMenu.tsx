import { mdiDeleteOutline, mdiDotsHorizontal, mdiSourceBranch } from "@mdi/js";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";

interface MessageMenuProps {
  onFork: () => void;
  onDelete: () => void;
}

/** What is done to a message less often. */
export function MessageMenu({ onFork, onDelete }: MessageMenuProps) {
  const text = useText();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const run = (action: () => void) => () => {
    setAnchor(null);
    action();
  };
  return (
    <>
      <IconAction
        path={mdiDotsHorizontal}
        label={text("messageMore")}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      />
      <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
        <MenuItem dense onClick={run(onFork)}>
          <ListItemIcon>
            <Icon path={mdiSourceBranch} />
          </ListItemIcon>
          <ListItemText>{text("messageFork")}</ListItemText>
        </MenuItem>
        <MenuItem dense onClick={run(onDelete)}>
          <ListItemIcon>
            <Icon path={mdiDeleteOutline} />
          </ListItemIcon>
          <ListItemText>{text("messageDelete")}</ListItemText>
        </MenuItem>
      </Menu>
    </>
  );
}
