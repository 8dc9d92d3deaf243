import { mdiArrowUp, mdiPaperclip, mdiStop } from "@mdi/js";
import Box from "@mui/material/Box";
import IconButton from "@mui/material/IconButton";
import InputBase from "@mui/material/InputBase";
import Tooltip from "@mui/material/Tooltip";
import { type KeyboardEvent, memo, type RefObject, useRef } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { COMMAND, keyName } from "@/features/palette/shortcuts";
import { useText } from "@/i18n/locale";
import { MEASURE } from "@/theme/tokens";
import { changeDraft, useDraft } from "../drafts";
import { sends, useSendKey } from "../send_key";
import { useAttaching } from "../hooks/use_attaching";
import { AttachmentList } from "./AttachmentList";
import { ContextMeter } from "./ContextMeter";

interface ComposerProps {
  draftKey: string;
  input: RefObject<HTMLTextAreaElement | null>;
  /** The model sees pictures. */
  vision: boolean;
  /** An answer is being made: stopping takes the place of sending. */
  running: boolean;
  /** There is a model that could answer. */
  ready: boolean;
  onSend: () => void;
  onStop: () => void;
  /** Up in an empty field: edit the last question. */
  onRecall: () => void;
  /** Tokens of the model's context that are used, and how many it has; null: not known. */
  used: number;
  contextLength: number | null;
}

/** Where questions are written. */
export const Composer = memo(function Composer(props: ComposerProps) {
  const { draftKey, input, vision, running, ready, onSend, onStop, onRecall, used, contextLength } = props;
  const text = useText();
  const draft = useDraft(draftKey);
  const picker = useRef<HTMLInputElement>(null);
  const sendKey = useSendKey((state) => state.sendKey);
  const attaching = useAttaching(draftKey, vision);
  const sendable = ready && !running && (draft.text.trim() !== "" || draft.attachments.length > 0);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (sends(event.nativeEvent, sendKey)) {
      event.preventDefault();
      if (sendable) onSend();
    } else if (event.key === "ArrowUp" && draft.text === "" && !running) {
      event.preventDefault();
      onRecall();
    }
  };
  return (
    <Box data-writing sx={{ px: { xs: 1.5, md: 3 }, pb: { xs: 1.5, md: 2 } }}>
      <Box sx={{ maxWidth: MEASURE, mx: "auto" }}>
        {draft.error !== null && (
          <Box sx={{ mb: 1 }} role="alert">
            <ErrorNotice error={draft.error}>
              <Box component="p" sx={{ m: 0, mt: 0.5 }}>
                {text("composerKept")}
              </Box>
            </ErrorNotice>
          </Box>
        )}
        <Box
          sx={{ border: 1, borderColor: attaching.dragging ? "secondary.main" : "divider", borderRadius: "18px", bgcolor: "background.default", p: 1, paddingInlineStart: 1.5, transition: "border-color .12s", "&:focus-within": { borderColor: "primary.main" } }}
        >
          <AttachmentList attachments={draft.attachments} onRemove={attaching.remove} />
          <InputBase
            multiline
            fullWidth
            maxRows={12}
            inputRef={input}
            value={draft.text}
            placeholder={text(attaching.dragging ? "composerDrop" : "composerHint")}
            onChange={(event) => changeDraft(draftKey, { text: event.target.value, error: null })}
            onKeyDown={onKeyDown}
            onPaste={attaching.onPaste}
            slotProps={{ input: { "aria-label": text("composerLabel"), "aria-describedby": "composer-help", dir: draft.text === "" ? undefined : "auto", enterKeyHint: sendKey === "enter" ? "send" : "enter" } }}
            sx={{ px: 0.5, py: 0.5, lineHeight: 1.5, "& textarea::placeholder": { color: "text.secondary", opacity: 1 } }}
          />
          <VisuallyHidden>
            <span id="composer-help">{text(sendKey === "enter" ? "sendKeyEnter" : "sendKeyCommand", { key: keyName(COMMAND, text) })}</span>
          </VisuallyHidden>
          <Box sx={{ display: "flex", alignItems: "center", gap: 1, mt: 0.25 }}>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              onChange={(event) => {
                void attaching.add(Array.from(event.target.files ?? []));
                event.target.value = "";
              }}
            />
            <IconAction path={mdiPaperclip} label={text(vision ? "composerAttach" : "composerAttachText")} onClick={() => picker.current?.click()} sx={{ marginInlineStart: -0.75 }} />
            <Box sx={{ flex: 1, display: "flex", alignItems: "center", gap: 1, minWidth: 0, justifyContent: "end" }}>
              {contextLength !== null && used > 0 && <ContextMeter used={used} length={contextLength} />}
            </Box>
            <SendOrStop running={running} sendable={sendable} onSend={onSend} onStop={onStop} />
          </Box>
        </Box>
      </Box>
    </Box>
  );
});

function SendOrStop({ running, sendable, onSend, onStop }: { running: boolean; sendable: boolean; onSend: () => void; onStop: () => void }) {
  const text = useText();
  const label = text(running ? "composerStop" : "composerSend");
  return (
    <Tooltip title={running ? `${label} (Esc)` : label}>
      <span>
        <IconButton
          aria-label={label}
          disabled={!running && !sendable}
          onClick={running ? onStop : onSend}
          sx={{ width: 36, height: 36, bgcolor: "primary.main", color: "primary.contrastText", "&:hover": { bgcolor: "primary.dark" }, "&.Mui-disabled": { bgcolor: "sunken", color: "text.secondary" } }}
        >
          <Icon path={running ? mdiStop : mdiArrowUp} />
        </IconButton>
      </span>
    </Tooltip>
  );
}
