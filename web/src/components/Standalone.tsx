import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import { usePageTitle } from "./page_title";
import { Wordmark } from "./Wordmark";

interface StandaloneProps {
  title: string;
  lead?: string;
  children: ReactNode;
  /** Below the card, for example a link to the opposite page. */
  foot?: ReactNode;
}

/** A page of its own outside the frame: logging in, registering, errors. */
export function Standalone({ title, lead, children, foot }: StandaloneProps) {
  usePageTitle(title);
  return (
    <Box
      component="main"
      id="content"
      tabIndex={-1}
      sx={{
        minHeight: "100%",
        display: "grid",
        placeItems: "center",
        p: 2,
        outline: "none",
        background:
          "radial-gradient(60rem 30rem at 50% -10rem, color-mix(in srgb, var(--mui-palette-primary-main) 12%, transparent), transparent)",
      }}
    >
      <Box sx={{ width: "100%", maxWidth: "25rem" }}>
        <Box sx={{ mb: 3 }}>
          <Wordmark />
        </Box>
        <Box sx={{ p: 3.5, border: 1, borderColor: "divider", borderRadius: 2, bgcolor: "background.paper" }}>
          <Typography variant="h1">{title}</Typography>
          {lead && <Typography sx={{ mt: 1, color: "text.secondary" }}>{lead}</Typography>}
          <Box sx={{ mt: 3, display: "grid", gap: 2 }}>{children}</Box>
        </Box>
        {foot && <Box sx={{ mt: 2.5, textAlign: "center", color: "text.secondary" }}>{foot}</Box>}
      </Box>
    </Box>
  );
}
