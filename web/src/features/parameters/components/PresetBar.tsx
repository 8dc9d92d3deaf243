import { mdiBookmarkPlusOutline, mdiDeleteOutline, mdiPencilOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { type FormEvent, useState } from "react";
import { IconAction } from "@/components/IconAction";
import { Icon } from "@/components/Icon";
import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import { type Preferences, usePreferences } from "@/lib/preferences";
import { deletePreset, LONGEST_NAME, readPresets, renamePreset, savePreset } from "../presets";
import type { ConversationSettings } from "../settings";

interface PresetBarProps {
  settings: ConversationSettings;
  onApply: (settings: ConversationSettings) => void;
}

/** Settings under names: take them over, keep the present ones, rename and delete. */
export function PresetBar({ settings, onApply }: PresetBarProps) {
  const text = useText();
  const { values, change } = usePreferences();
  const presets = readPresets(values);
  const [chosenId, setChosenId] = useState("");
  const [naming, setNaming] = useState<"save" | "rename" | null>(null);
  // The form for the name takes the focus; with it gone, the focus must not be nowhere.
  const [named, setNamed] = useState(false);
  const end = () => {
    setNaming(null);
    setNamed(true);
  };
  const chosen = presets.find((each) => each.id === chosenId);
  const store = (work: (values: Preferences) => Preferences) =>
    void change(work).catch((error: unknown) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title }));
  const remove = () => {
    if (chosen === undefined) return;
    store(deletePreset(chosen.id));
    toast({
      text: text("presetDeleted", { name: chosen.name }),
      action: { label: text("presetUndo"), run: () => store(savePreset(chosen.name, chosen.settings)) },
    });
  };
  if (naming !== null) {
    return (
      <NameForm
        first={naming === "rename" ? (chosen?.name ?? "") : ""}
        onCancel={end}
        onName={(name) => {
          end();
          store(naming === "rename" && chosen ? renamePreset(chosen.id, name) : savePreset(name, settings));
        }}
      />
    );
  }
  return (
    <Box sx={{ display: "grid", gap: 1 }}>
      {presets.length > 0 && (
        <Box sx={{ display: "flex", alignItems: "center", gap: 0.5 }}>
          <TextField
            select
            label={text("preset")}
            value={chosen?.id ?? ""}
            onChange={(event) => {
              setChosenId(event.target.value);
              const preset = presets.find((each) => each.id === event.target.value);
              if (preset) onApply(preset.settings);
            }}
          >
            {presets.map((preset) => (
              <MenuItem key={preset.id} value={preset.id}>
                <bdi>{preset.name}</bdi>
              </MenuItem>
            ))}
          </TextField>
          {chosen && <IconAction path={mdiPencilOutline} label={text("presetRename", { name: chosen.name })} onClick={() => setNaming("rename")} />}
          {chosen && <IconAction path={mdiDeleteOutline} label={text("presetDelete", { name: chosen.name })} onClick={remove} />}
        </Box>
      )}
      <Button size="small" color="inherit" autoFocus={named} startIcon={<Icon path={mdiBookmarkPlusOutline} />} onClick={() => setNaming("save")} sx={{ justifySelf: "start" }}>
        {text("presetSave")}
      </Button>
    </Box>
  );
}

function NameForm({ first, onName, onCancel }: { first: string; onName: (name: string) => void; onCancel: () => void }) {
  const text = useText();
  const [name, setName] = useState(first);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) onName(name.trim());
  };
  return (
    <Box component="form" onSubmit={submit} sx={{ display: "flex", gap: 1 }}>
      <TextField
        autoFocus
        label={text("presetName")}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          onCancel();
        }}
        slotProps={{ htmlInput: { maxLength: LONGEST_NAME, dir: "auto" } }}
      />
      <Button type="submit" variant="contained" disabled={name.trim() === ""}>
        {text("presetKeep")}
      </Button>
      <Button color="inherit" onClick={onCancel}>
        {text("cancel")}
      </Button>
    </Box>
  );
}
