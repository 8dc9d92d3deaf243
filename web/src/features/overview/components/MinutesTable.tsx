import Box from "@mui/material/Box";
import { useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { useFormats, useText } from "@/i18n/locale";
import type { ActivityPoint } from "../api/overview_api";

/** What the charts show, in figures: for those who cannot see them, or want to know exactly. */
export function MinutesTable({ points }: { points: readonly ActivityPoint[] }) {
  const text = useText();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const busy = useMemo(() => points.filter((point) => point.requests > 0).reverse(), [points]);
  const columns = useMemo<Column<ActivityPoint>[]>(() => {
    const time = (ms: number | null) => (ms === null ? "" : formats.duration(ms));
    return [
      { id: "at", label: text("overviewMinute"), render: (point) => formats.time(point.at), sortBy: (point) => point.at },
      { id: "requests", label: text("usageRequests"), numeric: true, render: (point) => formats.number(point.requests), sortBy: (point) => point.requests },
      { id: "tokens", label: text("usageTokens"), numeric: true, render: (point) => formats.number(point.tokens), sortBy: (point) => point.tokens },
      { id: "failed", label: text("usageFailed"), numeric: true, render: (point) => formats.number(point.failed), sortBy: (point) => point.failed },
      { id: "refused", label: text("overviewRefused"), numeric: true, render: (point) => formats.number(point.refused), sortBy: (point) => point.refused },
      { id: "half", label: text("overviewFirstTokenHalf"), numeric: true, render: (point) => time(point.first_token_p50_ms), sortBy: (point) => point.first_token_p50_ms ?? 0 },
      { id: "most", label: text("overviewFirstTokenMost"), numeric: true, render: (point) => time(point.first_token_p95_ms), sortBy: (point) => point.first_token_p95_ms ?? 0 },
    ];
  }, [text, formats]);
  return (
    <Box component="details" open={open} onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <Box component="summary" sx={{ cursor: "pointer", minHeight: 28, color: "text.secondary", mb: 1 }}>
        {text("overviewAsTable")}
      </Box>
      {open && (
        <DataTable
          label={text("overviewAsTable")}
          columns={columns}
          rows={busy}
          keyOf={(point) => String(point.at)}
          empty={text("overviewQuiet")}
          maxHeight="24rem"
        />
      )}
    </Box>
  );
}
