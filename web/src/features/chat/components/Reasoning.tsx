import { mdiChevronRight } from "@mdi/js";
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Collapse from "@mui/material/Collapse";
import { keyframes } from "@mui/material/styles";
import { useId, useState } from "react";
import { Icon } from "@/components/Icon";
import { useFormats, useText } from "@/i18n/locale";

const breathe = keyframes({ "0%, 100%": { opacity: 0.45 }, "50%": { opacity: 1 } });

interface ReasoningProps {
  reasoning: string;
  /** How long it took; null: not known, or not over. */
  durationMs: number | null;
  thinking: boolean;
}

/** What a model thought before its answer: put away until somebody wants to see it. */
export function Reasoning({ reasoning, durationMs, thinking }: ReasoningProps) {
  const text = useText();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const id = useId();
  const label = thinking
    ? text("phaseThinking")
    : durationMs === null
      ? text("reasoningDone")
      : text("reasoningFor", { duration: formats.duration(durationMs) });
  return (
    <Box sx={{ mb: 1.25 }}>
      <ButtonBase
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        sx={{ color: "text.secondary", fontSize: "0.875rem", gap: 0.5, borderRadius: "7px", paddingInlineEnd: 1, minHeight: 28 }}
      >
        <Icon
          path={mdiChevronRight}
          sx={{ transition: "transform .15s", transform: open ? "rotate(90deg)" : undefined, "[dir=rtl] &": { transform: open ? "rotate(90deg)" : "scaleX(-1)" } }}
        />
        <Box component="span" sx={thinking ? { animation: `${breathe} 1.6s ease-in-out infinite` } : undefined}>
          {label}
        </Box>
      </ButtonBase>
      <Collapse in={open} id={id} unmountOnExit>
        <Box
          dir="auto"
          sx={{ whiteSpace: "pre-wrap", color: "text.secondary", fontSize: "0.9rem", lineHeight: 1.6, borderInlineStart: 2, borderColor: "divider", paddingInlineStart: 1.75, marginInlineStart: 1, mt: 0.5 }}
        >
          {reasoning.trim()}
        </Box>
      </Collapse>
    </Box>
  );
}
