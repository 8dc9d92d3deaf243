import Box from "@mui/material/Box";
import { CopyButton } from "./CopyButton";

/** A text that is there to be copied as it stands. */
export function Copyable({ label, value }: { label: string; value: string }) {
  return (
    <Box sx={{ display: "flex", alignItems: "start", gap: 1, p: 1.5, mt: 1, borderRadius: 2, bgcolor: "sunken" }}>
      <Box component="pre" dir="ltr" tabIndex={0} role="group" aria-label={label} sx={{ flex: 1, minWidth: 0, m: 0, overflowX: "auto", whiteSpace: "pre-wrap", wordBreak: "break-all" }}>
        {value}
      </Box>
      <CopyButton text={value} label={label} />
    </Box>
  );
}
