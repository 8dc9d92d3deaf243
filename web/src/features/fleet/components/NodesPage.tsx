import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
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
import { AddNodeDialog } from "./AddNodeDialog";
import { DrainButton } from "./DrainButton";
import { InstancePanel } from "./InstancePanel";
import { JoinedMachine } from "./JoinedMachine";
import { MachineInvitations } from "./MachineInvitations";
import { INSTANCE_STATES, ROLES } from "../instance_texts";

const Topology = lazy(() => import("./Topology"));

/** The machines and workers of the service, live. */
export function NodesPage() {
  const text = useText();
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("md"), { noSsr: true });
  const [view, setView] = useState<"picture" | "list">(narrow ? "list" : "picture");
  const nodes = useQuery(nodesQuery);
  const [open, setOpen] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  // By its id, so that the panel goes on showing what the worker says now.
  const opened = nodes.data?.flatMap((node) => node.instances).find((one) => one.instance === open) ?? null;
  return (
    <Page
      wide
      title={text("nodesTitle")}
      lead={text("nodesLead")}
      actions={
        <>
          <Button variant="contained" onClick={() => setAdding(true)}>
            {text("machineAdd")}
          </Button>
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
        </>
      }
    >
      {nodes.isPending && <Loading />}
      {nodes.error && <ErrorNotice error={nodes.error} retry={() => void nodes.refetch()} />}
      {nodes.data && view === "picture" && (
        <Suspense fallback={<Loading />}>
          {/* With other nodes it is another picture, to be fitted in anew. */}
          <Topology key={nodes.data.map((node) => node.name).join(" ")} nodes={nodes.data} onOpen={setOpen} />
        </Suspense>
      )}
      {nodes.data && view === "list" && nodes.data.map((node) => <NodeList key={node.name} node={node} onOpen={setOpen} />)}
      {nodes.data && view === "picture" && <NodeActions nodes={nodes.data} />}
      <MachineInvitations />
      <AddNodeDialog open={adding} onClose={() => setAdding(false)} />
      <InstancePanel instance={opened} onClose={() => setOpen(null)} />
    </Page>
  );
}

/** What can be done with each node, below the picture. */
function NodeActions({ nodes }: { nodes: NodeInfo[] }) {
  return (
    <Box component="ul" sx={{ listStyle: "none", m: 0, mt: 2, p: 0, display: "flex", flexWrap: "wrap", gap: 3 }}>
      {nodes.map((node) => (
        <Box component="li" key={node.name} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1.5 }}>
          <Box component="bdi" sx={{ fontWeight: 600 }}>
            {node.name}
          </Box>
          <DrainButton node={node} />
          <JoinedMachine node={node} />
        </Box>
      ))}
    </Box>
  );
}

function NodeList({ node, onOpen }: { node: NodeInfo; onOpen: (instance: string) => void }) {
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
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 2, mb: 1.5 }}>
        <Typography variant="h2">
          <bdi>{node.name}</bdi>
        </Typography>
        <DrainButton node={node} />
        <JoinedMachine node={node} />
      </Box>
      <DataTable
        label={node.name}
        columns={columns}
        rows={node.instances}
        keyOf={(one) => one.instance}
        empty={text(node.joined === null ? "nodesNone" : "machineAwayHint")}
        onOpen={(one) => onOpen(one.instance)}
        openLabel={(one) => text("instanceOpen", { role: text(ROLES[one.service] ?? "roleOther"), id: one.instance })}
      />
    </Box>
  );
}
