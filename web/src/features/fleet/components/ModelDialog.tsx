import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { useFormats, useText } from "@/i18n/locale";
import type { CatalogueModel } from "@/lib/api_types";
import { modelQuery } from "../api/fleet_api";
import { ModelSettingsForm } from "./ModelSettingsForm";

/** Everything that is known of a model. */
export function ModelDialog({ model, onClose }: { model: CatalogueModel | null; onClose: () => void }) {
  const text = useText();
  return (
    <Dialog open={model !== null} onClose={onClose} maxWidth="md" aria-labelledby="model-title">
      <DialogTitle id="model-title" dir="auto">
        {model?.model.name}
      </DialogTitle>
      <DialogContent>{model && <Details model={model} />}</DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{text("close")}</Button>
      </DialogActions>
    </Dialog>
  );
}

function Details({ model }: { model: CatalogueModel }) {
  const text = useText();
  const formats = useFormats();
  const details = useQuery(modelQuery(model.model.name));
  const info = model.model;
  const facts: [string, ReactNode][] = [
    [text("modelEngine"), info.engine],
    [text("modelAliases"), info.aliases.join(", ")],
    [text("modelCapabilities"), info.capabilities.join(", ")],
    [text("modelParameters"), info.parameters],
    [text("modelQuantization"), info.quantization],
    [text("modelFamily"), info.family],
    [text("fleetContext"), info.context_length === null ? null : formats.number(info.context_length)],
    [text("modelSize"), info.size_bytes === null ? null : formats.size(info.size_bytes)],
    [text("fleetNodes"), model.nodes.join(", ")],
    [text("modelDigest"), info.digest],
  ];
  return (
    <>
      <Box component="dl" sx={{ display: "grid", gridTemplateColumns: { xs: "1fr", sm: "12rem 1fr" }, gap: 0.75, m: 0 }}>
        {facts
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <Box key={label} sx={{ display: "contents" }}>
              <Box component="dt" sx={{ color: "text.secondary" }}>
                {label}
              </Box>
              <Box component="dd" dir="auto" sx={{ m: 0, overflowWrap: "anywhere" }}>
                {value}
              </Box>
            </Box>
          ))}
      </Box>
      <ModelSettingsForm name={info.name} />
      {details.isPending && <Loading />}
      {details.error && <ErrorNotice error={details.error} />}
      {details.data && (
        <>
          <Part title={text("modelDefaults")} value={shown(details.data.parameters)} />
          <Part title={text("modelTemplate")} value={details.data.template ?? ""} />
          <Part title={text("modelMetadata")} value={shown(details.data.metadata)} />
          <Part title={text("modelLicense")} value={details.data.license ?? ""} />
        </>
      )}
    </>
  );
}

function shown(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}

function Part({ title, value }: { title: string; value: string }) {
  if (value === "") return null;
  return (
    <Box component="section" sx={{ mt: 3 }}>
      <Typography variant="h3" sx={{ mb: 1 }}>
        {title}
      </Typography>
      <Box
        component="pre"
        dir="ltr"
        tabIndex={0}
        aria-label={title}
        sx={{ m: 0, p: 1.5, maxHeight: "16rem", overflow: "auto", borderRadius: 1, bgcolor: "sunken", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
      >
        {value}
      </Box>
    </Box>
  );
}
