import Box from "@mui/material/Box";
import { useFormats, useText } from "@/i18n/locale";
import type { UsageTotals } from "@/lib/api_types";

/** The sums of a range, large. */
export function Figures({ total }: { total: UsageTotals }) {
  const text = useText();
  const formats = useFormats();
  const figures: [string, number][] = [
    [text("usageRequests"), total.requests],
    [text("usagePrompt"), total.prompt_tokens],
    [text("usageCompletion"), total.completion_tokens],
    [text("usageFailed"), total.failed],
  ];
  return (
    <Box component="dl" sx={{ display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(9rem, 1fr))", gap: 2, m: 0, mb: 3 }}>
      {figures.map(([label, value]) => (
        <Box key={label} sx={{ p: 2, border: 1, borderColor: "divider", borderRadius: 1.5 }}>
          <Box component="dt" sx={{ color: "text.secondary", fontSize: "0.875rem" }}>
            {label}
          </Box>
          <Box component="dd" sx={{ m: 0, fontSize: "1.6rem", fontWeight: 650, letterSpacing: "-0.02em" }}>
            {formats.number(value)}
          </Box>
        </Box>
      ))}
    </Box>
  );
}
