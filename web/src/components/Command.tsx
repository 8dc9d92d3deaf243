import Box from "@mui/material/Box";
import { CopyButton } from "./CopyButton";

/** A line to paste into a terminal, always from left to right, with its copy button. */
export function Command({ text, label }: { text: string; label: string }) {
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 1, p: 1.5, borderRadius: 1, bgcolor: "sunken" }}>
      <Box component="code" dir="ltr" sx={{ flex: 1, minWidth: 0, wordBreak: "break-all", fontSize: "0.8125rem" }}>
        {text}
      </Box>
      <CopyButton text={text} label={label} />
    </Box>
  );
}
