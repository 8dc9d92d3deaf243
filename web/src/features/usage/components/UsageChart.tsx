import Box from "@mui/material/Box";
import { type Theme, useTheme } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { BarChart } from "@mui/x-charts/BarChart";
import { useFormats, useText } from "@/i18n/locale";
import { type Metric, type UsageGroup } from "../usage_sums";

const MOST_BARS = 90;

/** Bars for each day, model or key. The table below it says the same, so that nobody needs the picture. */
export default function UsageChart({ groups, metric }: { groups: (UsageGroup & { name: string })[]; metric: Metric }) {
  const text = useText();
  const formats = useFormats();
  const rightToLeft = useTheme().direction === "rtl";
  const labels = useMediaQuery((each: Theme) => each.breakpoints.down("sm"), { noSsr: true }) ? 3 : 8;
  const shown = groups.slice(0, MOST_BARS);
  const format = (value: number | null) => formats.number(value ?? 0);
  const series =
    metric === "requests"
      ? [{ label: text("usageRequests"), data: shown.map(({ totals }) => totals.requests), color: "var(--mui-palette-primary-main)", valueFormatter: format }]
      : [
          { label: text("usagePrompt"), data: shown.map(({ totals }) => totals.prompt_tokens), stack: "tokens", color: "var(--mui-palette-primary-main)", valueFormatter: format },
          { label: text("usageCompletion"), data: shown.map(({ totals }) => totals.completion_tokens), stack: "tokens", color: "var(--mui-palette-secondary-main)", valueFormatter: format },
        ];
  return (
    <Box aria-hidden="true" sx={{ mb: 3, border: 1, borderColor: "divider", borderRadius: 1.5, p: 1 }}>
      <BarChart
        height={260}
        skipAnimation
        disableKeyboardNavigation
        series={series}
        xAxis={[
          {
            data: shown.map(({ name }) => name),
            scaleType: "band",
            reverse: rightToLeft,
            // By itself it would let labels overlap where it is mirrored.
            tickLabelInterval: shown.length > labels ? (_, index) => index % Math.ceil(shown.length / labels) === 0 : "auto",
            tickLabelStyle: { fontSize: 11 },
          },
        ]}
        yAxis={[{ valueFormatter: (value: number) => formats.number(value), width: 64, position: rightToLeft ? "right" : "left" }]}
      />
    </Box>
  );
}
