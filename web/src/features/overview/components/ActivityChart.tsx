import Box from "@mui/material/Box";
import { useId } from "react";
import { useFormats, useText } from "@/i18n/locale";
import type { ActivityPoint } from "../api/overview_api";
import { barsOf } from "../activity_bars";

interface ActivityChartProps {
  title: string;
  points: readonly ActivityPoint[];
  valueOf: (point: ActivityPoint) => number;
  colour?: "primary.main" | "secondary.main" | "error.main";
}

/** The last hour, a bar for each minute. The figures are in the table below the charts. */
export function ActivityChart({ title, points, valueOf, colour = "primary.main" }: ActivityChartProps) {
  const text = useText();
  const formats = useFormats();
  const id = useId();
  const values = points.map(valueOf);
  const largest = Math.max(0, ...values);
  return (
    <Box component="figure" aria-labelledby={id} sx={{ m: 0, p: 2, border: 1, borderColor: "divider", borderRadius: 1.5, minWidth: 0 }}>
      <Box component="figcaption" id={id} sx={{ display: "flex", justifyContent: "space-between", gap: 1, fontSize: "0.875rem", mb: 1.5 }}>
        <Box component="span" sx={{ fontWeight: 600 }}>
          {title}
        </Box>
        <Box component="span" sx={{ color: "text.secondary", fontVariantNumeric: "tabular-nums" }}>
          {text("overviewMost", { value: formats.number(largest) })}
        </Box>
      </Box>
      <Box
        component="svg"
        viewBox="0 0 600 100"
        preserveAspectRatio="none"
        aria-hidden="true"
        sx={{ display: "block", width: "100%", height: 88, color: colour, borderBottom: 1, borderColor: "divider", "[dir=rtl] &": { transform: "scaleX(-1)" } }}
      >
        {barsOf(values).map((bar, index) => (
          <rect
            key={points[index]?.at ?? index}
            x={bar.start * 600}
            y={100 - bar.height * 100}
            width={bar.width * 600}
            height={bar.height * 100}
            fill="currentColor"
          />
        ))}
      </Box>
      <Box aria-hidden="true" sx={{ display: "flex", justifyContent: "space-between", color: "text.secondary", fontSize: "0.75rem", mt: 0.75 }}>
        <span>{text("overviewHourAgo")}</span>
        <span>{text("overviewNow")}</span>
      </Box>
    </Box>
  );
}
