import Autocomplete from "@mui/material/Autocomplete";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import TextField from "@mui/material/TextField";
import { type FormEvent, useState } from "react";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import { useFolders } from "../api/conversation_queries";

interface MoveDialogProps {
  infos: readonly ConversationInfo[];
  onMove: (folder: string) => void;
  onClose: () => void;
}

/** Files conversations in a folder, a new one too, or takes them out of theirs. */
export function MoveDialog({ infos, onMove, onClose }: MoveDialogProps) {
  const text = useText();
  const folders = useFolders();
  const [folder, setFolder] = useState(infos.length === 1 ? (infos[0]?.folder ?? "") : "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onMove(folder.replace(/\s+/g, " ").trim());
  };
  return (
    <Dialog open onClose={onClose} maxWidth="xs" aria-labelledby="move-title">
      <form onSubmit={submit}>
        <DialogTitle id="move-title">{text("moveTitle", { count: infos.length })}</DialogTitle>
        <DialogContent>
          <Autocomplete
            freeSolo
            options={(folders.data ?? []).map((each) => each.name)}
            inputValue={folder}
            onInputChange={(_, value) => setFolder(value)}
            renderInput={(parameters) => (
              <TextField {...parameters} autoFocus label={text("moveFolder")} helperText={text("moveHelp")} margin="dense" slotProps={{ ...parameters.slotProps, htmlInput: { ...parameters.slotProps.htmlInput, maxLength: 200, dir: "auto" } }} />
            )}
          />
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={onClose}>
            {text("cancel")}
          </Button>
          <Button type="submit" variant="contained">
            {text(folder.trim() === "" ? "moveOut" : "moveAction")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
