import { mdiContentDuplicate, mdiDeleteOutline, mdiDownload, mdiFolderMoveOutline, mdiPencilOutline, mdiPinOffOutline, mdiPinOutline } from "@mdi/js";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { Icon } from "@/components/Icon";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";

export interface RowActions {
  rename: () => void;
  pin: (info: ConversationInfo) => void;
  move: (infos: readonly ConversationInfo[]) => void;
  duplicate: (info: ConversationInfo) => void;
  exportAs: (ids: readonly string[], format: "json" | "markdown") => void;
  remove: (infos: readonly ConversationInfo[]) => void;
}

interface RowMenuProps {
  info: ConversationInfo;
  anchor: HTMLElement;
  actions: RowActions;
  onClose: () => void;
}

/** What can be done with one conversation. */
export function RowMenu({ info, anchor, actions, onClose }: RowMenuProps) {
  const text = useText();
  const entry = (icon: string, label: string, run: () => void) => (
    <MenuItem
      key={label}
      dense
      onClick={() => {
        onClose();
        run();
      }}
    >
      <ListItemIcon>
        <Icon path={icon} />
      </ListItemIcon>
      <ListItemText>{label}</ListItemText>
    </MenuItem>
  );
  return (
    // The menu gives the focus back to its button; a title that is being changed takes it right then.
    <Menu open anchorEl={anchor} onClose={onClose} disableRestoreFocus={false}>
      {entry(mdiPencilOutline, text("conversationRename"), actions.rename)}
      {entry(info.pinned ? mdiPinOffOutline : mdiPinOutline, text(info.pinned ? "conversationUnpin" : "conversationPin"), () => actions.pin(info))}
      {entry(mdiFolderMoveOutline, text("conversationMove"), () => actions.move([info]))}
      {entry(mdiContentDuplicate, text("conversationDuplicate"), () => actions.duplicate(info))}
      {entry(mdiDownload, text("conversationExportMarkdown"), () => actions.exportAs([info.id], "markdown"))}
      {entry(mdiDownload, text("conversationExportJson"), () => actions.exportAs([info.id], "json"))}
      {entry(mdiDeleteOutline, text("conversationDelete"), () => actions.remove([info]))}
    </Menu>
  );
}
