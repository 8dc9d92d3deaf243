import InputBase from "@mui/material/InputBase";
import { useEffect, useRef, useState } from "react";
import { useText } from "@/i18n/locale";

interface TitleFieldProps {
  title: string;
  /** null: it stays as it is. */
  onDone: (title: string | null) => void;
}

/** The title of a conversation while it is changed in its place. */
export function TitleField({ title, onDone }: TitleFieldProps) {
  const text = useText();
  const [typed, setTyped] = useState(title);
  const input = useRef<HTMLInputElement>(null);
  const ended = useRef(false);
  useEffect(() => {
    // After the menu it was asked for in has given the focus back.
    const timer = setTimeout(() => input.current?.select(), 0);
    return () => clearTimeout(timer);
  }, []);
  const end = (taken: boolean) => {
    if (ended.current) return;
    ended.current = true;
    const next = typed.replace(/\s+/g, " ").trim();
    onDone(taken && next !== "" && next !== title ? next : null);
  };
  return (
    <InputBase
      autoFocus
      fullWidth
      inputRef={input}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") end(true);
        if (event.key === "Escape") end(false);
      }}
      inputProps={{ "aria-label": text("conversationTitle"), maxLength: 200, dir: "auto" }}
      sx={{ px: 1, mx: 0.5, height: 32, border: 1, borderColor: "primary.main", borderRadius: 1.5, bgcolor: "background.paper", fontSize: "0.9rem" }}
    />
  );
}
