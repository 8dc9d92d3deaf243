import Box from "@mui/material/Box";
import type { StoredMessage } from "@/lib/api_types";
import { isRunning, type LiveAnswer } from "../live_answer";
import { AnswerText } from "../markdown/AnswerText";
import { figuresOf } from "../answer_figures";
import { textOf } from "../message_text";
import { AnswerStatus } from "./AnswerStatus";
import { Reasoning } from "./Reasoning";
import { ToolCalls } from "./ToolCalls";

/** What an answer says: thoughts, text, calls of tools; while it grows also where it stands. */
export function AnswerBody({ message, live }: { message: StoredMessage; live?: LiveAnswer | undefined }) {
  const growing = isRunning(live);
  const { reasoning, tool_calls: calls, content } = message.message;
  const text = textOf(content);
  return (
    <Box sx={{ minWidth: 0 }}>
      <Box sx={{ color: "text.secondary", fontSize: "0.8125rem", fontWeight: 600, mb: 0.5 }} aria-hidden="true">
        <bdi>{message.model}</bdi>
      </Box>
      {reasoning && (
        <Reasoning reasoning={reasoning} thinking={growing && live?.phase === "thinking"} durationMs={figuresOf(message, live).reasoningMs} />
      )}
      {text !== "" && <AnswerText text={text} growing={growing} />}
      {calls.length > 0 && <ToolCalls calls={calls} growing={growing} />}
      {live !== undefined && growing && <AnswerStatus live={live} />}
    </Box>
  );
}
