import { mdiArrowUp, mdiStop } from "@mdi/js";
import Box from "@mui/material/Box";
import InputBase from "@mui/material/InputBase";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { IconAction } from "@/components/IconAction";
import { sends } from "@/features/chat/send_key";
import { useText } from "@/i18n/locale";
import { ask, useCompare } from "../compare_store";

interface CompareComposerProps {
  running: boolean;
  ready: boolean;
  onStop: () => void;
}

/** One field that asks all models. */
export function CompareComposer({ running, ready, onStop }: CompareComposerProps) {
  const text = useText();
  const draft = useCompare((state) => state.draft);
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // On a phone the keyboard would cover what there is to read.
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, []);
  const send = () => {
    if (ready && !running && draft.trim() !== "") ask(draft.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && running && !event.nativeEvent.isComposing) onStop();
    if (!sends(event.nativeEvent)) return;
    event.preventDefault();
    send();
  };
  return (
    <Box data-writing sx={{ p: { xs: 1, sm: 1.5 }, borderTop: 1, borderColor: "divider" }}>
      <Box sx={{ display: "flex", alignItems: "end", gap: 1, maxWidth: "60rem", mx: "auto", border: 1, borderColor: "divider", borderRadius: "18px", bgcolor: "background.default", p: 1, paddingInlineStart: 2, "&:focus-within": { borderColor: "primary.main" } }}>
        <InputBase
          multiline
          fullWidth
          maxRows={8}
          inputRef={input}
          value={draft}
          placeholder={text("compareHint")}
          onChange={(event) => useCompare.setState({ draft: event.target.value })}
          onKeyDown={onKeyDown}
          slotProps={{ input: { "aria-label": text("compareQuestion"), dir: "auto", enterKeyHint: "send" } }}
          sx={{ py: 0.75, lineHeight: 1.5, "& textarea::placeholder": { color: "text.secondary", opacity: 1 } }}
        />
        <IconAction
          path={running ? mdiStop : mdiArrowUp}
          label={text(running ? "compareStop" : "compareSend")}
          disabled={!running && (!ready || draft.trim() === "")}
          onClick={running ? onStop : send}
          sx={{ width: 36, height: 36, bgcolor: "primary.main", color: "primary.contrastText", "&:hover": { bgcolor: "primary.dark" }, "&.Mui-disabled": { bgcolor: "sunken" } }}
        />
      </Box>
    </Box>
  );
}
