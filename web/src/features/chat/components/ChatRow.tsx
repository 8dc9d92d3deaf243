import { mdiPencilOutline, mdiRefresh } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { memo, useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";
import { isRunning } from "../live_answer";
import { splitFiles, textOf } from "../message_text";
import type { ShownMessage } from "../shown_path";
import { AnswerEnd } from "./AnswerEnd";
import { AnswerFiguresLine } from "./AnswerFiguresLine";
import { BranchSwitch } from "./BranchSwitch";
import type { ChatActions } from "../chat_actions";
import { MessageMenu } from "./MessageMenu";
import { MessageView } from "./MessageView";
import { QuestionEditor } from "./QuestionEditor";

interface ChatRowProps {
  shown: ShownMessage;
  number: number;
  last: boolean;
  /** Some answer of this chat is being made: nothing else can be asked meanwhile. */
  busy: boolean;
  actions: ChatActions;
  conversationId: string;
}

/** A message in its chat, with everything that can be done with it. */
export const ChatRow = memo(function ChatRow({ shown, number, last, busy, actions, conversationId }: ChatRowProps) {
  const text = useText();
  const { message, live, branches } = shown;
  const [editing, setEditing] = useState(false);
  const question = message.message.role === "user";
  const growing = isRunning(live);
  const stored = !message.id.startsWith("local-");
  const content = textOf(message.message.content);
  const continuable = stored && content !== "" && message.message.tool_calls.length === 0;
  const send = (changed: string) => {
    setEditing(false);
    actions.edit(message, changed);
  };
  return (
    <MessageView
      message={message}
      live={live}
      number={number}
      conversationId={conversationId}
      instead={editing ? <QuestionEditor text={splitFiles(content).text} onSend={send} onCancel={() => setEditing(false)} /> : undefined}
      actions={
        growing ? (
          <Box sx={{ mt: 0.5 }}>
            <BranchSwitch branches={branches} onChoose={actions.show} />
          </Box>
        ) : editing ? null : (
          <>
            {!question && (
              <AnswerEnd
                message={message}
                live={live}
                onAgain={() => actions.again(message)}
                onContinue={continuable && !busy ? () => actions.more(message) : undefined}
              />
            )}
            <Box
              className={last ? undefined : "quiet"}
              sx={{ display: "flex", alignItems: "center", flexWrap: "wrap", gap: 0.25, mt: 0.5, minHeight: 32, color: "text.secondary", "& .MuiIconButton-root": { color: "inherit" }, marginInlineStart: question ? 0 : -0.75, "@media (hover: hover)": { "&.quiet": { opacity: 0, transition: "opacity .12s" } } }}
            >
              <BranchSwitch branches={branches} onChoose={actions.show} />
              <CopyButton text={content} label={text(question ? "questionCopy" : "answerCopy")} />
              {question && stored && !busy && <IconAction path={mdiPencilOutline} label={text("questionEdit")} onClick={() => setEditing(true)} />}
              {!question && !busy && <IconAction path={mdiRefresh} label={text("answerAgain")} onClick={() => actions.again(message)} />}
              {stored && !busy && <MessageMenu onFork={() => actions.fork(message)} onDelete={() => actions.remove(message)} />}
              {!question && <AnswerFiguresLine message={message} live={live} />}
            </Box>
            {question && last && !busy && (
              <Box sx={{ display: "flex", gap: 1.5, alignItems: "center", color: "text.secondary", fontSize: "0.875rem", alignSelf: "start", mt: 1.5 }}>
                {text("chatNoAnswer")}
                <Button size="small" variant="outlined" color="inherit" onClick={() => actions.answer(message)}>
                  {text("chatAsk")}
                </Button>
              </Box>
            )}
          </>
        )
      }
    />
  );
}, isSame);

/** Paths are made anew with each frame of an answer; the rows that it is not in are not drawn again. */
function isSame(before: ChatRowProps, after: ChatRowProps): boolean {
  const { shown: one, ...others } = before;
  const { shown: other, ...news } = after;
  return (
    one.message === other.message &&
    one.live === other.live &&
    one.branches.index === other.branches.index &&
    one.branches.ids.join() === other.branches.ids.join() &&
    (Object.keys(others) as (keyof typeof others)[]).every((name) => others[name] === news[name])
  );
}
