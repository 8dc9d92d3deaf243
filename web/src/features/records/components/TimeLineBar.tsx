import Box from "@mui/material/Box";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import { type Phase, type TimedRecord, timeLineOf } from "../time_line";

const PHASES: Record<Phase, { label: MessageKey; colour: string }> = {
  queue: { label: "phaseQueue", colour: "warning.main" },
  prompt: { label: "phasePrompt", colour: "info.main" },
  answer: { label: "phaseAnswer", colour: "primary.main" },
  whole: { label: "phaseWhole", colour: "primary.main" },
};

/** What a request spent its time on: a bar, and the same as a list. */
export function TimeLineBar({ record }: { record: TimedRecord }) {
  const text = useText();
  const formats = useFormats();
  const segments = timeLineOf(record);
  if (segments.length === 0) return text("phaseNone");
  return (
    <>
      <Box aria-hidden="true" sx={{ display: "flex", gap: "2px", height: 16, borderRadius: 1, overflow: "hidden", bgcolor: "sunken", mb: 1.5 }}>
        {segments.map(({ phase, share }) => (
          <Box key={phase} sx={{ width: `${share * 100}%`, minWidth: 2, bgcolor: PHASES[phase].colour }} />
        ))}
      </Box>
      <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 0.5 }}>
        {segments.map(({ phase, ms }) => (
          <Box component="li" key={phase} sx={{ display: "flex", alignItems: "center", gap: 1 }}>
            <Box aria-hidden="true" sx={{ width: 10, height: 10, borderRadius: "2px", bgcolor: PHASES[phase].colour }} />
            <Box component="span" sx={{ flex: 1 }}>
              {text(PHASES[phase].label)}
            </Box>
            <Box component="span" sx={{ fontVariantNumeric: "tabular-nums" }}>
              {formats.duration(ms)}
            </Box>
          </Box>
        ))}
      </Box>
    </>
  );
}
