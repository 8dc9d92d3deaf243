import Box from "@mui/material/Box";

/** Covey's sign and name. */
export function Wordmark() {
  return (
    <Box sx={{ display: "inline-flex", alignItems: "center", gap: 1.25 }}>
      <Box component="img" src="/covey.svg" alt="" width={30} height={30} sx={{ display: "block" }} />
      <Box component="span" sx={{ fontWeight: 720, fontSize: "1.2rem", letterSpacing: "-0.025em" }}>
        Covey
      </Box>
    </Box>
  );
}
