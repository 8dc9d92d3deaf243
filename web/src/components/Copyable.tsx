import Box from "@mui/material/Box";
import { MONO } from "@/theme/tokens";
import { CopyButton } from "./CopyButton";

/** A text that is there to be copied as it stands. */
export function Copyable({ label, value }: { label: string; value: string }) {
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 1, paddingInlineStart: 2, paddingInlineEnd: 0.75, py: 0.75, mt: 1, borderRadius: 2, bgcolor: "sunken" }}>
      <Box component="pre" dir="ltr" tabIndex={0} role="group" aria-label={label} sx={{ flex: 1, minWidth: 0, m: 0, fontFamily: MONO, fontSize: "0.8125rem", lineHeight: 1.55, overflowX: "auto", whiteSpace: "pre-wrap", wordBreak: "break-all" }}>
        {value}
      </Box>
      <CopyButton text={value} label={label} />
    </Box>
  );
}
