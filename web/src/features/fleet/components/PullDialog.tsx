import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import TextField from "@mui/material/TextField";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useText } from "@/i18n/locale";
import { startPull } from "../pull_store";

/** Asks which model to fetch. */
export function PullDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const text = useText();
  const client = useQueryClient();
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
          <TextField
            label={text("pullWhat")}
            helperText={text("pullWhatHint")}
            autoFocus
            required
            value={model}
            onChange={(event) => setModel(event.target.value)}
            slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, autoCapitalize: "none" } }}
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
