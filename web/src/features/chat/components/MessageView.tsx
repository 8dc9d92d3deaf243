import Box from "@mui/material/Box";
import { memo, type ReactNode } from "react";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { useText } from "@/i18n/locale";
import type { StoredMessage } from "@/lib/api_types";
import { AnswerBody } from "./AnswerBody";
import { QuestionBody } from "./QuestionBody";
import type { LiveAnswer } from "../live_answer";

export interface MessageViewProps {
  message: StoredMessage;
  /** While the answer is made, and after it failed. */
  live?: LiveAnswer | undefined;
  /** Its place among those shown, from 1: part of its name. */
  number: number;
  /** What can be done with it, in a row below it. */
  actions?: ReactNode;
  /** Shown instead of the text, for example while it is edited. */
  instead?: ReactNode;
  /** The conversation that its pictures are kept in. */
  conversationId?: string | undefined;
}

/** One message of a chat. Also for answers that stand side by side. */
export const MessageView = memo(function MessageView(props: MessageViewProps) {
  const { message, live, number, actions, instead, conversationId } = props;
  const text = useText();
  const { role } = message.message;
  const question = role === "user";
  const name = question
    ? text("chatYouSaid", { number })
    : role === "assistant"
      ? text("chatAnswerOf", { model: message.model ?? "?", number })
      : text(role === "tool" ? "chatToolResult" : "chatSystem");
  return (
    <Box
      component="article"
      aria-busy={live !== undefined && live.phase !== "ended"}
      sx={{ display: "flex", flexDirection: "column", alignItems: question ? "end" : "stretch", "&:hover .quiet, &:focus-within .quiet": { opacity: 1 } }}
    >
      <VisuallyHidden component="h2">{name}</VisuallyHidden>
      {instead ??
        (role === "assistant" ? (
          <AnswerBody message={message} live={live} />
        ) : (
          <QuestionBody message={message} conversationId={conversationId} />
        ))}
      {actions}
    </Box>
  );
});
