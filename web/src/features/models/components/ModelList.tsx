import { mdiCheck } from "@mdi/js";
import Box from "@mui/material/Box";
import InputBase from "@mui/material/InputBase";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useActiveOption } from "@/components/active_option";
import { Icon } from "@/components/Icon";
import { useText } from "@/i18n/locale";
import type { CatalogueModel } from "@/lib/api_types";
import { findModels } from "../model_choice";
import { Downloads } from "./Downloads";
import { ModelFacts, ModelStateSign } from "./ModelFacts";

/** More than anyone reads; the search narrows it down. */
const MOST_SHOWN = 80;

interface ModelListProps {
  items: readonly CatalogueModel[];
  value: string | null;
  onChoose: (name: string) => void;
}

/** A search field with the models below it. The focus stays in the field; arrows move through the models. */
export function ModelList({ items, value, onChoose }: ModelListProps) {
  const text = useText();
  const id = useId();
  const [search, setSearch] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const found = useMemo(() => findModels(items, search), [items, search]);
  const shown = found.slice(0, MOST_SHOWN);
  const choose = (index: number) => {
    const item = shown[index];
    if (item !== undefined && item.model.state !== "unavailable") onChoose(item.model.name);
  };
  const { active, setActive, onKeyDown } = useActiveOption(shown.length, choose);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView?.({ block: "nearest" });
  }, [active]);
  return (
    <Box sx={{ display: "flex", flexDirection: "column", minHeight: 0 }}>
      <InputBase
        autoFocus
        fullWidth
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        placeholder={text("modelSearch")}
        sx={{ px: 2, py: 1.25, borderBottom: 1, borderColor: "divider" }}
        inputProps={{
          role: "combobox",
          "aria-label": text("modelSearch"),
          "aria-expanded": true,
          "aria-controls": `${id}-list`,
          "aria-activedescendant": shown.length > 0 ? `${id}-${active}` : undefined,
          dir: "auto",
        }}
      />
      <Box ref={list} component="ul" id={`${id}-list`} role="listbox" aria-label={text("models")} sx={{ m: 0, p: 0.75, listStyle: "none", overflowY: "auto", minHeight: 0 }}>
        {shown.map((item, index) => (
          <Option
            key={item.model.name}
            id={`${id}-${index}`}
            item={item}
            active={index === active}
            chosen={item.model.name === value}
            onPoint={() => setActive(index)}
            onChoose={() => choose(index)}
          />
        ))}
        <Downloads items={items} search={search} />
      </Box>
      <Box role="status" sx={{ px: 2, pb: shown.length === found.length && shown.length > 0 ? 0 : 1.5, color: "text.secondary", fontSize: "0.875rem" }}>
        {found.length === 0 && <Box sx={{ pt: 1 }}>{text("modelNoneFound")}</Box>}
        {found.length > shown.length && text("modelMore", { count: found.length - shown.length })}
      </Box>
    </Box>
  );
}

interface OptionProps {
  id: string;
  item: CatalogueModel;
  active: boolean;
  chosen: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

function Option({ id, item, active, chosen, onPoint, onChoose }: OptionProps) {
  const text = useText();
  const { model } = item;
  const unavailable = model.state === "unavailable";
  return (
    // The keyboard works from the search field, which names this option as the active one.
    <Box
      component="li"
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      aria-disabled={unavailable}
      onMouseMove={onPoint}
      onClick={onChoose}
      sx={{ px: 1.25, py: 1, borderRadius: 1.5, cursor: unavailable ? "default" : "pointer", bgcolor: active ? "sunken" : undefined, display: "flex", gap: 1 }}
    >
      <Box component="span" sx={{ width: 20, flex: "none" }}>{chosen && <Icon path={mdiCheck} />}</Box>
      <Box component="span" sx={{ flex: 1, minWidth: 0 }}>
        <Box component="span" sx={{ display: "flex", flexWrap: "wrap", columnGap: 1.5, justifyContent: "space-between" }}>
          <Box component="bdi" sx={{ fontWeight: 600, overflowWrap: "anywhere", color: unavailable ? "text.secondary" : undefined }}>
            {model.name}
            {model.is_default && (
              <Box component="span" sx={{ fontWeight: 400, color: "text.secondary" }}>
                {" "}
                {text("modelDefault")}
              </Box>
            )}
          </Box>
          <ModelStateSign state={model.state} />
        </Box>
        <ModelFacts item={item} />
        {unavailable && model.problem && (
          <Box component="span" dir="auto" sx={{ display: "block", fontSize: "0.8125rem", color: "error.main", mt: 0.5 }}>
            {model.problem}
          </Box>
        )}
      </Box>
    </Box>
  );
}
