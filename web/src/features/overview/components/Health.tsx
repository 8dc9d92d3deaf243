import { mdiAlertOutline, mdiCheckCircleOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import { Icon } from "@/components/Icon";
import { useFormats, useText } from "@/i18n/locale";
import type { Overview } from "../api/overview_api";

/** Whether all is well, and otherwise what is not. */
export function Health({ overview }: { overview: Overview }) {
  const text = useText();
  const formats = useFormats();
  const { health, nodes, models, slots } = overview;
  const problems = [
    !health.mesh && text("healthMesh", { names: health.silent_gateways.join(", ") }),
    !health.store && text("healthStore", { waiting: formats.number(health.records_waiting) }),
    models === 0 && text("healthNoModel"),
    slots === 0 && nodes.every((node) => !node.services.includes("processor")) && text("healthNoProcessor"),
    nodes.some((node) => node.draining) &&
      text("healthDraining", { names: nodes.filter((node) => node.draining).map((node) => node.name).join(", ") }),
  ].filter((problem) => problem !== false);
  const well = problems.length === 0;
  return (
    <Box
      role="status"
      sx={{ display: "flex", gap: 1.5, alignItems: "start", p: 2, mb: 3, border: 1, borderColor: well ? "divider" : "warning.main", borderRadius: 1.5 }}
    >
      <Icon path={well ? mdiCheckCircleOutline : mdiAlertOutline} sx={{ color: well ? "success.main" : "warning.main" }} />
      <Box sx={{ minWidth: 0, overflowWrap: "anywhere" }}>
        {well ? text("healthGood") : problems.map((problem) => <Box key={problem}>{problem}</Box>)}
      </Box>
    </Box>
  );
}
