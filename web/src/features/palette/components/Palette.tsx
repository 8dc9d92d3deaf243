import Box from "@mui/material/Box";
import Dialog from "@mui/material/Dialog";
import InputBase from "@mui/material/InputBase";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { useActiveOption } from "@/components/active_option";
import { Icon } from "@/components/Icon";
import { type MessageKey, useText } from "@/i18n/locale";
import { rank } from "../fuzzy";
import { openPalette } from "../palette_state";
import { noteRecent, recentIds } from "../recent";
import { type PaletteItem, useFoundChats, usePaletteItems } from "./palette_items";

const MOST_SHOWN = 40;

const KINDS: Record<PaletteItem["kind"], MessageKey> = {
  action: "paletteActions",
  page: "palettePages",
  model: "models",
  chat: "conversations",
};

/** One field to go anywhere and to do anything. */
export default function Palette() {
  const text = useText();
  const id = useId();
  const [query, setQuery] = useState("");
  const settled = useDeferredValue(query.trim());
  const [searched, setSearched] = useState("");
  const [recent] = useState(recentIds);
  const list = useRef<HTMLUListElement>(null);
  const fixed = usePaletteItems();
  const { items: chats, searching } = useFoundChats(searched);
  useEffect(() => {
    const timer = setTimeout(() => setSearched(settled), 150);
    return () => clearTimeout(timer);
  }, [settled]);
  const shown = useMemo(() => {
    // The service has found the chats by all their words: their order is its own.
    const others = rank(fixed, settled, recent);
    const known = rank(chats, "", recent);
    return (settled === "" ? [...rank([...others, ...known], "", recent)] : [...others, ...known]).slice(0, MOST_SHOWN);
  }, [fixed, chats, settled, recent]);
  const close = () => openPalette(null);
  const choose = (index: number) => {
    const item = shown[index];
    if (item === undefined) return;
    close();
    noteRecent(item.id);
    item.run();
  };
  const { active, setActive, onKeyDown } = useActiveOption(shown.length, choose);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView?.({ block: "nearest" });
  }, [active]);
  return (
    <Dialog
      open
      onClose={close}
      slotProps={{
        container: { sx: { alignItems: "start" } },
        paper: { "aria-label": text("paletteTitle"), sx: { mt: { xs: 1, sm: "12vh" }, mx: 1, width: "min(40rem, calc(100% - 16px))", maxHeight: "min(34rem, 75vh)" } },
      }}
    >
      <InputBase
        autoFocus
        fullWidth
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        placeholder={text("paletteHint")}
        sx={{ px: 2.5, py: 1.5, fontSize: "1.05rem", borderBottom: 1, borderColor: "divider", flex: "none" }}
        inputProps={{
          role: "combobox",
          "aria-label": text("paletteHint"),
          "aria-expanded": true,
          "aria-controls": `${id}-list`,
          "aria-activedescendant": shown.length > 0 ? `${id}-${active}` : undefined,
          dir: "auto",
        }}
      />
      <Box ref={list} component="ul" role="listbox" id={`${id}-list`} aria-label={text("paletteTitle")} sx={{ m: 0, p: 0.75, listStyle: "none", overflowY: "auto" }}>
        {shown.map((item, index) => (
          <Box
            component="li"
            key={item.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onMouseMove={() => setActive(index)}
            onClick={() => choose(index)}
            sx={{ display: "flex", alignItems: "center", gap: 1.5, px: 1.5, py: 0.9, borderRadius: 1.5, cursor: "pointer", bgcolor: index === active ? "sunken" : undefined }}
          >
            <Icon path={item.icon} sx={{ color: "text.secondary" }} />
            <Box sx={{ flex: 1, minWidth: 0 }}>
              <Box sx={LINE}>
                <bdi>{item.label}</bdi>
              </Box>
              {item.detail && (
                <Box sx={{ ...LINE, fontSize: "0.8rem", color: "text.secondary" }}>
                  <bdi>{item.detail}</bdi>
                </Box>
              )}
            </Box>
            <Box component="span" sx={{ flex: "none", color: "text.secondary", fontSize: "0.78rem" }}>
              {item.keys ? <kbd dir="ltr">{item.keys}</kbd> : text(KINDS[item.kind])}
            </Box>
          </Box>
        ))}
      </Box>
      <Box role="status" sx={{ px: 2.5, py: shown.length === 0 ? 2 : 0, color: "text.secondary" }}>
        {shown.length === 0 && text(searching ? "loading" : "paletteNone")}
      </Box>
    </Dialog>
  );
}

const LINE = { display: "block", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;
