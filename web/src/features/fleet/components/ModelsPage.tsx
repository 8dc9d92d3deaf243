import { mdiDownload } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { toast } from "@/components/toast";
import { useFormats, useText } from "@/i18n/locale";
import type { CatalogueModel } from "@/lib/api_types";
import { modelsQuery, removeModel } from "../api/fleet_api";
import { MODEL_STATES } from "../model_states";
import { ModelDialog } from "./ModelDialog";
import { PullDialog } from "./PullDialog";
import { Pulls } from "./Pulls";

const REMOVABLE_ENGINES = ["llamacpp", "ollama"];

/** Every model of the service, and getting more of them. */
export function ModelsPage() {
  const text = useText();
  const models = useQuery(modelsQuery);
  const [pulling, setPulling] = useState(false);
  return (
    <Page
      wide
      title={text("modelsTitle")}
      lead={text("modelsLead")}
      actions={
        <Button variant="contained" startIcon={<Icon path={mdiDownload} />} onClick={() => setPulling(true)}>
          {text("pullModel")}
        </Button>
      }
    >
      <Pulls />
      {models.isPending && <Loading />}
      {models.error && <ErrorNotice error={models.error} retry={() => void models.refetch()} />}
      {models.data && <ModelTable models={models.data} />}
      <PullDialog open={pulling} onClose={() => setPulling(false)} />
    </Page>
  );
}

function ModelTable({ models }: { models: CatalogueModel[] }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const [open, setOpen] = useState<CatalogueModel | null>(null);
  const [removing, setRemoving] = useState<CatalogueModel | null>(null);
  const columns = useMemo<Column<CatalogueModel>[]>(
    () => [
      {
        id: "name",
        label: text("modelName"),
        sortBy: ({ model }) => model.name,
        width: "11rem",
        render: ({ model }) => <bdi>{model.name}</bdi>,
      },
      {
        id: "state",
        label: text("state"),
        sortBy: ({ model }) => model.state,
        render: ({ model }) => (
          <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.75 }}>
            <Chip size="small" variant="outlined" color={MODEL_STATES[model.state].colour} label={text(MODEL_STATES[model.state].label)} />
            {model.is_default && <Chip size="small" label={text("fleetDefault")} />}
            {model.problem && <Box dir="auto" sx={{ color: "error.main", fontSize: "0.8125rem", flexBasis: "100%" }}>{model.problem}</Box>}
          </Box>
        ),
      },
      { id: "engine", label: text("modelEngine"), render: ({ model }) => <bdi>{model.engine}</bdi>, sortBy: ({ model }) => model.engine },
      { id: "size", label: text("modelSize"), numeric: true, render: ({ model }) => (model.size_bytes === null ? "" : formats.size(model.size_bytes)), sortBy: ({ model }) => model.size_bytes ?? 0 },
      { id: "context", label: text("fleetContext"), numeric: true, render: ({ model }) => (model.context_length === null ? "" : formats.number(model.context_length)), sortBy: ({ model }) => model.context_length ?? 0 },
      { id: "nodes", label: text("fleetNodes"), render: ({ nodes }) => <bdi>{nodes.join(", ")}</bdi> },
      {
        id: "actions",
        label: text("actions"),
        render: (item) =>
          REMOVABLE_ENGINES.includes(item.model.engine) && (
            <Button size="small" color="error" onClick={() => setRemoving(item)}>
              {text("removeModel")}
            </Button>
          ),
      },
    ],
    [text, formats],
  );
  return (
    <>
      <DataTable
        label={text("modelsTitle")}
        columns={columns}
        rows={models}
        keyOf={({ model }) => model.name}
        empty={text("modelsNone")}
        onOpen={setOpen}
      />
      <ModelDialog model={open} onClose={() => setOpen(null)} />
      <ConfirmDialog
        open={removing !== null}
        title={text("removeModelTitle", { name: removing?.model.name ?? "" })}
        action={text("removeModel")}
        destructive
        run={async () => {
          if (removing === null) return;
          await removeModel(removing.model.name);
          await client.invalidateQueries({ queryKey: ["models"] });
          toast({ text: text("modelRemoved", { name: removing.model.name }) });
        }}
        onClose={() => setRemoving(null)}
      >
        {text("removeModelText")}
      </ConfirmDialog>
    </>
  );
}
