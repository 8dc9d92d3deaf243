import { useEffect, useState } from "react";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { useText } from "@/i18n/locale";
import { isRunning } from "../live_answer";
import { useGenerations } from "../generation_store";
import { answersOf } from "../shown_path";

const LONGEST = 400;

/** Tells screen readers of each answer that is whole; while it grows it is silent. */
export function AnswerAnnouncer({ conversationId }: { conversationId: string | undefined }) {
  const text = useText();
  const [words, setWords] = useState("");
  useEffect(
    () =>
      useGenerations.subscribe((state, before) => {
        for (const answer of answersOf(state.answers, conversationId)) {
          const earlier = before.answers[answer.generationId];
          if (!isRunning(earlier) || isRunning(answer)) continue;
          const { model, finishReason } = answer;
          if (finishReason === "failed") setWords(text("chatAnswerFailed", { model }));
          else if (finishReason === "cancelled") setWords(text("chatAnswerStopped"));
          else setWords(`${text("chatAnswerDone", { model })} ${answer.text.slice(0, LONGEST)}`);
        }
      }),
    [conversationId, text],
  );
  return (
    <div role="status">
      <VisuallyHidden>{words}</VisuallyHidden>
    </div>
  );
}
