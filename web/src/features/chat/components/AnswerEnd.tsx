import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { ErrorNotice } from "@/components/ErrorNotice";
import { type MessageKey, useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";
import type { StoredMessage } from "@/lib/api_types";
import type { LiveAnswer } from "../live_answer";

interface AnswerEndProps {
  message: StoredMessage;
  live: LiveAnswer | undefined;
  onAgain: () => void;
  /** Undefined where there is nothing to go on from. */
  onContinue: (() => void) | undefined;
}

const CUT: Record<string, MessageKey> = {
  length: "answerCutShort",
  cancelled: "answerStopped",
  content_filter: "answerFiltered",
};

/** Why an answer is not whole, and what can be done about it. Nothing for one that is. */
export function AnswerEnd({ message, live, onAgain, onContinue }: AnswerEndProps) {
  const text = useText();
  const more = onContinue && (
    <Button size="small" color="inherit" variant="outlined" onClick={onContinue}>
      {text("answerContinue")}
    </Button>
  );
  if (message.finish_reason === "failed") {
    const failure = live?.failure;
    const error = new ApiError(failure?.code ?? message.error_code ?? "stream_interrupted", failure?.detail ?? "", {
      requestId: message.request_id,
      retryAfterS: failure?.retryAfterS ?? null,
    });
    return (
      <Box sx={{ mt: 1 }}>
        <ErrorNotice error={error} retry={onAgain}>
          {more && <Box sx={{ mt: 1 }}>{more}</Box>}
        </ErrorNotice>
      </Box>
    );
  }
  const cut = CUT[message.finish_reason ?? ""];
  if (cut === undefined) return null;
  return (
    <Box sx={{ mt: 1, display: "flex", alignItems: "center", gap: 1.5, flexWrap: "wrap", color: "text.secondary", fontSize: "0.875rem" }}>
      {text(cut)}
      {message.finish_reason !== "content_filter" && more}
    </Box>
  );
}
