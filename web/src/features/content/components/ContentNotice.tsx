import { mdiEyeOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import type { SxProps } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { Icon } from "@/components/Icon";
import { useLocaleState, useText } from "@/i18n/locale";
import { contentPolicyQuery } from "../api/content_api";
import { keptFor } from "../kept_for";

/** Says that others can read what is asked here, where that is so, and is not there otherwise. */
export function ContentNotice({ sx }: { sx?: SxProps }) {
  const text = useText();
  const locale = useLocaleState((state) => state.locale);
  const keptS = useQuery(contentPolicyQuery).data?.kept_s ?? null;
  if (keptS === null) return null;
  return (
    <Box sx={sx}>
      <Box role="note" sx={{ display: "flex", gap: 0.75, alignItems: "start", color: "text.secondary", fontSize: "0.8125rem", lineHeight: 1.4 }}>
        <Icon path={mdiEyeOutline} sx={{ fontSize: "1.125rem", flexShrink: 0 }} />
        <span>{text("contentKept", { time: keptFor(keptS, locale) })}</span>
      </Box>
    </Box>
  );
}
