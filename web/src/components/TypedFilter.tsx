import TextField from "@mui/material/TextField";
import { useEffect, useState } from "react";

const TYPING_PAUSE_MS = 400;

interface TypedFilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** One id to look for, in a bar of filters. Looks only once the typing has paused. */
export function TypedFilter({ label, value, onChange }: TypedFilterProps) {
  const [typed, setTyped] = useState(value);
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <TextField
      type="search"
      size="small"
      label={label}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      sx={{ width: "14rem", maxWidth: "100%" }}
      slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, autoCapitalize: "none" } }}
    />
  );
}
