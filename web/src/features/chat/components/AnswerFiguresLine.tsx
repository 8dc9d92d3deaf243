import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Popover from "@mui/material/Popover";
import { useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { useFormats, useText } from "@/i18n/locale";
import type { StoredMessage } from "@/lib/api_types";
import { figuresOf } from "../answer_figures";
import type { LiveAnswer } from "../live_answer";

interface AnswerFiguresLineProps {
  message: StoredMessage;
  live?: LiveAnswer;
}

/** Tokens and speed of an answer in a line; everything that is known about it behind it. */
export function AnswerFiguresLine({ message, live }: AnswerFiguresLineProps) {
  const text = useText();
  const formats = useFormats();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const figures = figuresOf(message, live);
  const speed = figures.tokensPerSecond === null ? null : text("figuresTokensPerSecond", { speed: formats.decimal(figures.tokensPerSecond) });
  const line = [
    figures.completionTokens === null ? null : text("tokensCount", { count: figures.completionTokens }),
    speed,
  ].filter((part) => part !== null);
  if (line.length === 0) return null;
  const duration = (ms: number | null) => (ms === null ? null : formats.duration(ms));
  const number = (value: number | null) => (value === null ? null : formats.number(value));
  const rows: [string, string | null][] = [
    [text("figuresModel"), figures.model],
    [text("figuresNode"), figures.node],
    [text("figuresQueue"), duration(figures.queueMs)],
    [text("figuresFirst"), duration(figures.firstTokenMs)],
    [text("figuresThinking"), duration(figures.reasoningMs)],
    [text("figuresTotal"), duration(figures.totalMs)],
    [text("figuresSpeed"), speed],
    [text("figuresPrompt"), number(figures.promptTokens)],
    [text("figuresCached"), figures.cachedTokens ? number(figures.cachedTokens) : null],
    [text("figuresWritten"), number(figures.completionTokens)],
    [text("figuresReasoning"), figures.reasoningTokens ? number(figures.reasoningTokens) : null],
  ];
  return (
    <>
      <ButtonBase
        onClick={(event) => setAnchor(event.currentTarget)}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        aria-label={`${text("figuresShow")}: ${line.join(", ")}`}
        sx={{ color: "text.secondary", fontSize: "0.8125rem", fontVariantNumeric: "tabular-nums", borderRadius: "7px", px: 0.75, minHeight: 28 }}
      >
        {line.join(" · ")}
      </ButtonBase>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={() => setAnchor(null)}
        anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
        slotProps={{ paper: { role: "dialog", "aria-label": text("figuresShow"), sx: { border: 1, borderColor: "divider", p: 2, maxWidth: "min(24rem, 92vw)" } } }}
      >
        <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "auto auto", columnGap: 3, rowGap: 0.75, fontSize: "0.875rem" }}>
          {rows.map(([name, value]) =>
            value === null ? null : (
              <Box key={name} sx={{ display: "contents" }}>
                <Box component="dt" sx={{ color: "text.secondary" }}>
                  {name}
                </Box>
                <Box component="dd" sx={{ m: 0, textAlign: "end", fontVariantNumeric: "tabular-nums" }}>
                  <bdi>{value}</bdi>
                </Box>
              </Box>
            ),
          )}
        </Box>
        {figures.estimated && <Box component="p" sx={{ m: 0, mt: 1.5, fontSize: "0.8125rem", color: "text.secondary" }}>{text("figuresEstimated")}</Box>}
        {message.request_id && (
          <Box component="p" sx={{ m: 0, mt: 1.5, fontSize: "0.75rem", color: "text.secondary", overflowWrap: "anywhere" }}>
            {text("figuresRequest")} <code>{message.request_id}</code>
            <CopyButton text={message.request_id} label={text("copyRequestId")} />
          </Box>
        )}
      </Popover>
    </>
  );
}
