import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import { usePageTitle } from "./page_title";

interface PageProps {
  title: string;
  /** One sentence on what the page is for. */
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** For tables and pictures that need the whole width. */
  wide?: boolean;
}

/** A page of settings or tables, with its heading and what can be done on it. */
export function Page({ title, lead, actions, children, wide = false }: PageProps) {
  usePageTitle(title);
  return (
    <Box sx={{ height: "100%", overflowY: "auto", px: { xs: 2, md: 4 }, py: { xs: 2, md: 4 } }}>
      <Box sx={{ maxWidth: wide ? "84rem" : "54rem", mx: "auto" }}>
        <Box component="header" sx={{ display: "flex", flexWrap: "wrap", gap: 2, alignItems: "start", mb: 3 }}>
          <Box sx={{ flex: "1 1 20rem", minWidth: 0 }}>
            <Typography variant="h1">{title}</Typography>
            {lead && <Typography sx={{ mt: 0.75, color: "text.secondary", maxWidth: "60ch" }}>{lead}</Typography>}
          </Box>
          {actions && <Box sx={{ display: "flex", gap: 1, flexWrap: "wrap" }}>{actions}</Box>}
        </Box>
        {children}
      </Box>
    </Box>
  );
}
