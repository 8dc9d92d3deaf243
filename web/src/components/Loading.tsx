import Box from "@mui/material/Box";
import CircularProgress from "@mui/material/CircularProgress";
import { useEffect, useState } from "react";
import { useText } from "@/i18n/locale";

/** Shows up only when something takes longer than a blink. */
export function Loading() {
  const text = useText();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Box role="status" sx={{ display: "grid", placeItems: "center", minHeight: 120, height: "100%" }}>
      {slow && <CircularProgress size={28} aria-label={text("loading")} />}
    </Box>
  );
}
