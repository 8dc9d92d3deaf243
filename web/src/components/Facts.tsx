import Box from "@mui/material/Box";
import { Fragment, type ReactNode } from "react";

/** Names and what they are for one thing. Facts that are not known are left out. */
export function Facts({ facts }: { facts: [label: string, value: ReactNode][] }) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return (
    <Box component="dl" sx={{ display: "grid", gridTemplateColumns: "minmax(7rem, max-content) minmax(0, 1fr)", columnGap: 2, rowGap: 0.75, m: 0 }}>
      {known.map(([label, value]) => (
        <Fragment key={label}>
          <Box component="dt" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
            {label}
          </Box>
          <Box component="dd" sx={{ m: 0, overflowWrap: "anywhere" }}>
            {value}
          </Box>
        </Fragment>
      ))}
    </Box>
  );
}
