import Box from "@mui/material/Box";
import Tooltip from "@mui/material/Tooltip";
import { useFormats, useText } from "@/i18n/locale";

interface ContextMeterProps {
  used: number;
  length: number;
}

const NEARLY_FULL = 0.85;

/** How much of what a model can read at once the chat fills. */
export function ContextMeter({ used, length }: ContextMeterProps) {
  const text = useText();
  const formats = useFormats();
  const share = Math.min(1, used / length);
  const full = share >= NEARLY_FULL;
  const label = text("contextMeter", { used: formats.number(used), length: formats.number(length) });
  return (
    <Tooltip title={full ? `${label}. ${text("contextFull")}` : label}>
      <Box
        role="meter"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={length}
        aria-valuenow={Math.min(used, length)}
        aria-valuetext={label}
        sx={{ display: "inline-flex", alignItems: "center", gap: 0.75, fontSize: "0.75rem", color: full ? "warning.main" : "text.secondary", fontVariantNumeric: "tabular-nums", px: 0.5, minHeight: 24, borderRadius: "7px" }}
      >
        <Box aria-hidden="true" sx={{ width: 48, height: 4, borderRadius: "10px", bgcolor: "divider", overflow: "hidden" }}>
          <Box sx={{ height: "100%", bgcolor: full ? "warning.main" : "primary.main" }} style={{ width: `${share * 100}%` }} />
        </Box>
        <Box component="span" sx={{ display: { xs: "none", sm: "inline" } }}>
          {formats.number(used)} / {formats.number(length)}
        </Box>
      </Box>
    </Tooltip>
  );
}
