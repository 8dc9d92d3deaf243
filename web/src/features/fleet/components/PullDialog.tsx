import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import TextField from "@mui/material/TextField";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useFormats, useText } from "@/i18n/locale";
import { catalogueQuery } from "../api/fleet_api";
import { startPull } from "../pull_store";

/** Asks which model to fetch. */
export function PullDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const text = useText();
  const client = useQueryClient();
  const formats = useFormats();
  const catalogue = useQuery({ ...catalogueQuery, enabled: open });
  const [model, setModel] = useState("");
  const [sha256, setSha256] = useState("");
  const [name, setName] = useState("");
  const address = model.trim().startsWith("https://");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    startPull(
      { model: model.trim(), sha256: address && sha256.trim() ? sha256.trim() : null, name: name.trim() || null },
      () => void client.invalidateQueries({ queryKey: ["models"] }),
    );
    setModel("");
    setSha256("");
    setName("");
    onClose();
  };
  return (
    <Dialog open={open} onClose={onClose} maxWidth="xs" aria-labelledby="pull-title">
      <form onSubmit={submit}>
        <DialogTitle id="pull-title">{text("pullModel")}</DialogTitle>
        <DialogContent sx={{ display: "grid", gap: 2, "&&": { pt: 1 } }}>
          <Autocomplete
            freeSolo
            options={catalogue.data ?? []}
            getOptionLabel={(option) => (typeof option === "string" ? option : option.name)}
            inputValue={model}
            onInputChange={(_, typed) => setModel(typed)}
            renderOption={({ key, ...item }, option) => (
              <Box component="li" key={key} {...item} sx={{ display: "block !important" }}>
                <bdi>{option.name}</bdi>
                <Box sx={{ color: "text.secondary", fontSize: "0.8125rem" }}>
                  {formats.size(option.size_bytes)} · {option.license}
                  {option.installed && ` · ${text("pullInstalled")}`}
                  <Box dir="auto">{option.description}</Box>
                </Box>
              </Box>
            )}
            renderInput={(field) => (
              <TextField
                {...field}
                label={text("pullWhat")}
                helperText={text("pullWhatHint")}
                autoFocus
                required
              />
            )}
          />
          {address && (
            <TextField
              label={text("pullSha256")}
              helperText={text("pullSha256Hint")}
              value={sha256}
              onChange={(event) => setSha256(event.target.value)}
              slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, pattern: "[0-9a-fA-F]{64}" } }}
            />
          )}
          <TextField
            label={text("pullName")}
            helperText={text("pullNameHint")}
            value={name}
            onChange={(event) => setName(event.target.value)}
            slotProps={{ htmlInput: { dir: "auto", spellCheck: false } }}
          />
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={onClose}>
            {text("cancel")}
          </Button>
          <Button type="submit" variant="contained">
            {text("pullAction")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
