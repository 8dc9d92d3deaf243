import { mdiArrowRightThin, mdiClose, mdiRefresh, mdiStop, mdiTune } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useEffect, useRef } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { AnswerFiguresLine } from "@/features/chat/components/AnswerFiguresLine";
import { MessageView } from "@/features/chat/components/MessageView";
import { useGenerations } from "@/features/chat/generation_store";
import { isRunning, type LiveAnswer, messageOf } from "@/features/chat/live_answer";
import { questionMessage } from "@/features/chat/question_message";
import { useModels } from "@/features/models/api/model_queries";
import { ModelFacts, ModelStateSign } from "@/features/models/components/ModelFacts";
import { ModelPicker } from "@/features/models/components/ModelPicker";
import { modelNamed } from "@/features/models/model_choice";
import { useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";
import { type Column, type Turn } from "../columns";
import { askAgain, changeColumn, removeColumn } from "../compare_store";

interface CompareColumnProps {
  column: Column;
  number: number;
  turns: readonly Turn[];
  removable: boolean;
  running: boolean;
  onStop: () => void;
  onSettings: () => void;
  /** Undefined while there is nothing to go on with. */
  onGoOn: (() => void) | undefined;
}

/** One model with its answers to all questions. */
export function CompareColumn({ column, number, turns, removable, running, onStop, onSettings, onGoOn }: CompareColumnProps) {
  const text = useText();
  const name = text("compareColumn", { number });
  const models = useModels();
  const catalogue = modelNamed(models.data ?? [], column.model);
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    atEnd.current = true;
  }, [turns.length]);
  // What grows is followed only by readers who are at its end.
  useEffect(() => {
    const box = scroller.current;
    const content = box?.firstElementChild;
    if (!box || !content) return;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(content);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return (
    <Box component="section" aria-label={`${name}: ${column.model ?? text("modelNone")}`} sx={{ display: "flex", flexDirection: "column", minHeight: 0, minWidth: 0, height: "100%" }}>
      <Box sx={{ display: "flex", alignItems: "center", gap: 0.5, px: 1, minHeight: 48, borderBottom: 1, borderColor: "divider" }}>
        <Box sx={{ flex: 1, minWidth: 0 }}>
          <ModelPicker value={column.model} label={name} onChange={(model) => changeColumn(column.key, { model })} />
        </Box>
        {running && <IconAction path={mdiStop} label={text("compareStopOne", { model: column.model ?? "" })} onClick={onStop} />}
        <IconAction path={mdiTune} label={text("compareSettingsOne", { number })} color={column.settings === null ? "default" : "primary"} onClick={onSettings} />
        {removable && <IconAction path={mdiClose} label={text("compareRemove", { number })} onClick={() => removeColumn(column.key)} />}
      </Box>
      <Box
        ref={scroller}
        onScroll={({ currentTarget: box }) => {
          atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        }}
        tabIndex={0}
        role="group"
        aria-label={text("compareAnswers", { model: column.model ?? "" })}
        sx={{ flex: 1, minHeight: 0, overflowY: "auto" }}
      >
        <Box sx={{ px: 2, py: 2, display: "grid", gap: 2.5 }}>
          {turns.length === 0 && catalogue !== undefined && (
            <div>
              <ModelStateSign state={catalogue.model.state} />
              <ModelFacts item={catalogue} />
            </div>
          )}
          {turns.map((turn, index) => (
            <TurnView key={turn.id} turn={turn} number={index + 1} columnKey={column.key} />
          ))}
        </Box>
      </Box>
      {onGoOn && (
        <Box sx={{ px: 1, py: 0.5, borderTop: 1, borderColor: "divider" }}>
          <Button color="inherit" size="small" endIcon={<Icon path={mdiArrowRightThin} sx={{ "[dir=rtl] &": { transform: "scaleX(-1)" } }} />} onClick={onGoOn}>
            {text("compareGoOn")}
          </Button>
        </Box>
      )}
    </Box>
  );
}

function TurnView({ turn, number, columnKey }: { turn: Turn; number: number; columnKey: string }) {
  const answer = useGenerations((state) => state.answers[turn.answers[columnKey] ?? ""]);
  return (
    <Box sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
      <MessageView message={questionMessage(turn.id, null, turn.askedAt, turn.question)} number={2 * number - 1} />
      {answer !== undefined && (
        <MessageView message={messageOf(answer)} live={answer} number={2 * number} actions={<Below answer={answer} turnId={turn.id} columnKey={columnKey} />} />
      )}
    </Box>
  );
}

function Below({ answer, turnId, columnKey }: { answer: LiveAnswer; turnId: string; columnKey: string }) {
  const text = useText();
  const again = () => askAgain(columnKey, turnId);
  if (answer.failure !== null) {
    const { code, detail, retryAfterS } = answer.failure;
    return (
      <Box sx={{ mt: 1 }}>
        <ErrorNotice error={new ApiError(code, detail, { requestId: answer.requestId, retryAfterS })} retry={again} />
      </Box>
    );
  }
  return (
    <Box sx={{ display: "flex", alignItems: "center", minHeight: 32 }}>
      <AnswerFiguresLine message={messageOf(answer)} live={answer} />
      {!isRunning(answer) && <IconAction path={mdiRefresh} label={text("answerAgain")} onClick={again} />}
    </Box>
  );
}
