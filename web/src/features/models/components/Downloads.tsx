import Box from "@mui/material/Box";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { pullsQuery } from "@/features/fleet/api/fleet_api";
import { useSession } from "@/features/session/session";
import { useFormats, useText } from "@/i18n/locale";
import type { CatalogueModel, RunningPull } from "@/lib/api_types";
import { modelsKey } from "../api/model_queries";
import { arrived, downloadsOf } from "../model_choice";

interface DownloadsProps {
  items: readonly CatalogueModel[];
  search: string;
}

/** Models that are on their way, at the end of the list, for administrators: nobody else may know of them. */
export function Downloads({ items, search }: DownloadsProps) {
  const administrator = useSession((state) => state.user?.role === "admin");
  const client = useQueryClient();
  const pulls = useQuery({ ...pullsQuery, enabled: administrator }).data;
  const before = useRef(0);
  const count = pulls?.length ?? 0;
  useEffect(() => {
    if (count < before.current) void client.invalidateQueries({ queryKey: modelsKey });
    before.current = count;
  }, [client, count]);
  return downloadsOf(pulls ?? [], items, search).map((pull) => <Download key={pull.id} pull={pull} />);
}

function Download({ pull }: { pull: RunningPull }) {
  const text = useText();
  const formats = useFormats();
  const share = arrived(pull);
  return (
    <Box
      component="li"
      role="option"
      aria-selected={false}
      aria-disabled
      sx={{ px: 1.25, py: 1, display: "flex", flexWrap: "wrap", columnGap: 1.5, justifyContent: "space-between", color: "text.secondary" }}
    >
      <Box component="bdi" sx={{ fontWeight: 600, overflowWrap: "anywhere", paddingInlineStart: 3.5 }}>
        {pull.model}
      </Box>
      <Box component="span" sx={{ fontSize: "0.8125rem" }}>
        {share === null ? text("modelDownloading") : text("modelDownloadingShare", { share: formats.percent(share) })}
      </Box>
    </Box>
  );
}
