import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import InputBase from "@mui/material/InputBase";
import { type KeyboardEvent, useState } from "react";
import { useText } from "@/i18n/locale";
import { sends } from "../send_key";

interface QuestionEditorProps {
  text: string;
  onSend: (text: string) => void;
  onCancel: () => void;
}

/** A question that was asked, to be asked differently: the old one stays as a branch. */
export function QuestionEditor({ text: before, onSend, onCancel }: QuestionEditorProps) {
  const text = useText();
  const [value, setValue] = useState(before);
  const ready = value.trim() !== "";
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.nativeEvent.isComposing) {
      event.stopPropagation();
      onCancel();
    } else if (sends(event.nativeEvent) && ready) {
      event.preventDefault();
      onSend(value);
    }
  };
  return (
    <Box sx={{ width: "min(100%, 38rem)", mb: 2, border: 1, borderColor: "primary.main", borderRadius: "14px", p: 1.5, bgcolor: "background.default" }}>
      <InputBase
        multiline
        fullWidth
        autoFocus
        maxRows={14}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onKeyDown={onKeyDown}
        slotProps={{ input: { "aria-label": text("questionEditLabel"), dir: "auto" } }}
      />
      <Box sx={{ display: "flex", justifyContent: "end", gap: 1, mt: 1 }}>
        <Button size="small" color="inherit" onClick={onCancel}>
          {text("cancel")}
        </Button>
        <Button size="small" variant="contained" disabled={!ready} onClick={() => onSend(value)}>
          {text("questionResend")}
        </Button>
      </Box>
    </Box>
  );
}
