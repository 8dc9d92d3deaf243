import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Typography from "@mui/material/Typography";
import useMediaQuery from "@mui/material/useMediaQuery";
import type { Theme } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { useFormats, useText } from "@/i18n/locale";
import type { InstanceInfo, NodeInfo } from "@/lib/api_types";
import { nodesQuery } from "../api/fleet_api";
import { INSTANCE_STATES, ROLES } from "../instance_texts";

const Topology = lazy(() => import("./Topology"));

/** The machines and workers of the service, live. */
export function NodesPage() {
  const text = useText();
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("md"), { noSsr: true });
  const [view, setView] = useState<"picture" | "list">(narrow ? "list" : "picture");
  const nodes = useQuery(nodesQuery);
  return (
    <Page
      wide
      title={text("nodesTitle")}
      lead={text("nodesLead")}
      actions={
        <ToggleButtonGroup
          exclusive
          size="small"
          aria-label={text("nodesView")}
          value={view}
          onChange={(_, chosen: "picture" | "list" | null) => chosen !== null && setView(chosen)}
        >
          <ToggleButton value="picture" sx={{ textTransform: "none", px: 1.75 }}>
            {text("nodesPicture")}
          </ToggleButton>
          <ToggleButton value="list" sx={{ textTransform: "none", px: 1.75 }}>
            {text("nodesList")}
          </ToggleButton>
        </ToggleButtonGroup>
      }
    >
      {nodes.isPending && <Loading />}
      {nodes.error && <ErrorNotice error={nodes.error} retry={() => void nodes.refetch()} />}
      {nodes.data && view === "picture" && (
        <Suspense fallback={<Loading />}>
          <Topology nodes={nodes.data} />
        </Suspense>
      )}
      {nodes.data && view === "list" && nodes.data.map((node) => <NodeList key={node.name} node={node} />)}
    </Page>
  );
}

function NodeList({ node }: { node: NodeInfo }) {
  const text = useText();
  const formats = useFormats();
  const columns = useMemo<Column<InstanceInfo>[]>(
    () => [
      { id: "role", label: text("instanceRole"), render: (one) => text(ROLES[one.service] ?? "roleOther"), sortBy: (one) => one.service },
      {
        id: "state",
        label: text("state"),
        render: (one) => (
          <Chip size="small" variant="outlined" color={INSTANCE_STATES[one.state].colour} label={text(INSTANCE_STATES[one.state].label)} />
        ),
      },
      { id: "running", label: text("instanceRunning"), numeric: true, render: (one) => formats.number(one.load.running), sortBy: (one) => one.load.running },
      { id: "waiting", label: text("instanceWaiting"), numeric: true, render: (one) => formats.number(one.load.waiting), sortBy: (one) => one.load.waiting },
      { id: "slots", label: text("instanceSlots"), numeric: true, render: (one) => (one.load.slots === 0 ? "" : formats.number(one.load.slots)) },
      { id: "models", label: text("instanceModels"), render: (one) => <bdi>{one.models.map((model) => model.name).join(", ")}</bdi> },
      { id: "version", label: text("instanceVersion"), render: (one) => one.version },
      { id: "since", label: text("instanceSince"), render: (one) => formats.ago(one.started_at), sortBy: (one) => one.started_at },
      { id: "id", label: text("instanceId"), render: (one) => <code dir="ltr">{one.instance}</code> },
    ],
    [text, formats],
  );
  return (
    <Box component="section" sx={{ mb: 4 }}>
      <Typography variant="h2" sx={{ mb: 1.5 }}>
        <bdi>{node.name}</bdi>
      </Typography>
      <DataTable label={node.name} columns={columns} rows={node.instances} keyOf={(one) => one.instance} empty={text("nodesNone")} />
    </Box>
  );
}
