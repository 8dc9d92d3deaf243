import { mdiClose, mdiDeleteOutline, mdiDotsVertical, mdiDownload, mdiFolderMoveOutline, mdiMagnify } from "@mdi/js";
import Box from "@mui/material/Box";
import InputBase from "@mui/material/InputBase";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";
import { useSidebarStore } from "../sidebar_store";

/** The search over all conversations, titles and messages. */
export function SearchField() {
  const text = useText();
  const search = useSidebarStore((state) => state.search);
  const change = (value: string) => useSidebarStore.setState({ search: value });
  return (
    <Box role="search" sx={{ flex: 1, minWidth: 0, display: "flex", alignItems: "center", gap: 0.75, px: 1, height: 36, borderRadius: 2, bgcolor: "sunken" }}>
      <Icon path={mdiMagnify} sx={{ color: "text.secondary" }} />
      <InputBase
        fullWidth
        value={search}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && search !== "" && (event.stopPropagation(), change(""))}
        placeholder={text("conversationsSearch")}
        inputProps={{ "aria-label": text("conversationsSearch"), type: "text", enterKeyHint: "search", dir: "auto" }}
        sx={{ fontSize: "0.9rem" }}
      />
      {search !== "" && <IconAction path={mdiClose} label={text("conversationsSearchEnd")} onClick={() => change("")} sx={{ width: 26, height: 26 }} />}
    </Box>
  );
}

interface ListMenuProps {
  onImport: (file: File) => void;
  onExportAll: () => void;
  onRemoveAll: () => void;
}

/** What can be done with all conversations. */
export function ListMenu({ onImport, onExportAll, onRemoveAll }: ListMenuProps) {
  const text = useText();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const choose = (run: () => void) => () => {
    setAnchor(null);
    run();
  };
  const select = () => useSidebarStore.setState({ selected: new Set() });
  return (
    <>
      <IconAction path={mdiDotsVertical} label={text("conversationsMenu")} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} />
      <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
        <MenuItem dense onClick={choose(select)}>{text("conversationsSelect")}</MenuItem>
        <MenuItem
          dense
          onClick={() => {
            setAnchor(null);
            file.current?.click();
          }}
        >
          {text("conversationsImport")}
        </MenuItem>
        <MenuItem dense onClick={choose(onExportAll)}>{text("conversationsExportAll")}</MenuItem>
        <MenuItem dense onClick={choose(onRemoveAll)}>{text("conversationsDeleteAll")}</MenuItem>
      </Menu>
      <input
        ref={file}
        type="file"
        hidden
        accept="application/json,.json"
        aria-label={text("conversationsImport")}
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          // The same file may be chosen again.
          event.target.value = "";
          if (chosen) onImport(chosen);
        }}
      />
    </>
  );
}

interface SelectionBarProps {
  count: number;
  onMove: () => void;
  onExport: () => void;
  onRemove: () => void;
}

/** What can be done with the selected conversations. */
export function SelectionBar({ count, onMove, onExport, onRemove }: SelectionBarProps) {
  const text = useText();
  return (
    <Box role="toolbar" aria-label={text("conversationsSelection")} sx={{ display: "flex", alignItems: "center", px: 1.5, minHeight: 44 }}>
      <Box role="status" sx={{ flex: 1, fontSize: "0.875rem", fontWeight: 600 }}>
        {text("conversationsSelected", { count })}
      </Box>
      <IconAction path={mdiFolderMoveOutline} label={text("conversationMove")} disabled={count === 0} onClick={onMove} />
      <IconAction path={mdiDownload} label={text("conversationExportJson")} disabled={count === 0} onClick={onExport} />
      <IconAction path={mdiDeleteOutline} label={text("conversationDelete")} disabled={count === 0} onClick={onRemove} />
      <IconAction path={mdiClose} label={text("conversationsSelectEnd")} onClick={() => useSidebarStore.setState({ selected: null })} />
    </Box>
  );
}
