import Box from "@mui/material/Box";
import type { ReactNode } from "react";

interface TileProps {
  label: string;
  value: ReactNode;
  /** A second line in small print. */
  note?: ReactNode;
  alarming?: boolean;
}

/** One figure, large. Belongs into `Tiles`. */
export function Tile({ label, value, note, alarming = false }: TileProps) {
  return (
    <Box sx={{ p: 2, border: 1, borderColor: alarming ? "error.main" : "divider", borderRadius: 1.5, minWidth: 0 }}>
      <Box component="dt" sx={{ color: "text.secondary", fontSize: "0.875rem" }}>
        {label}
      </Box>
      <Box
        component="dd"
        sx={{ m: 0, fontSize: "1.6rem", lineHeight: 1.3, fontWeight: 650, letterSpacing: "-0.02em", fontVariantNumeric: "tabular-nums", color: alarming ? "error.main" : undefined }}
      >
        {value}
      </Box>
      {note && (
        <Box component="dd" sx={{ m: 0, color: "text.secondary", fontSize: "0.8125rem", overflowWrap: "anywhere" }}>
          {note}
        </Box>
      )}
    </Box>
  );
}

export function Tiles({ children }: { children: ReactNode }) {
  return (
    <Box component="dl" sx={{ display: "flex", flexWrap: "wrap", gap: 2, m: 0, "& > *": { flex: "1 1", flexBasis: { xs: "8.5rem", md: "12.5rem" } } }}>
      {children}
    </Box>
  );
}
