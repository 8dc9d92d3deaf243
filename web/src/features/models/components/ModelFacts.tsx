import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import type { MessageKey } from "@/i18n/locale";
import { useFormats, useText } from "@/i18n/locale";
import type { CatalogueModel } from "@/lib/api_types";

const STATES: Record<string, { label: MessageKey; colour: string }> = {
  loaded: { label: "modelLoaded", colour: "success.main" },
  loading: { label: "modelLoading", colour: "warning.main" },
  cold: { label: "modelCold", colour: "text.secondary" },
  unavailable: { label: "modelUnavailable", colour: "error.main" },
};

const BADGES: Record<string, MessageKey> = {
  vision: "modelVision",
  tools: "modelTools",
  thinking: "modelThinking",
  embedding: "modelEmbedding",
};

/** Whether a model is ready, as a dot with its word. */
export function ModelStateSign({ state }: { state: string }) {
  const text = useText();
  const known = STATES[state];
  if (known === undefined) return null;
  return (
    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75, fontSize: "0.8125rem", color: "text.secondary", flex: "none" }}>
      <Box
        component="span"
        aria-hidden="true"
        sx={{ width: 8, height: 8, borderRadius: "50%", border: 2, borderColor: known.colour, bgcolor: state === "cold" ? "transparent" : known.colour }}
      />
      {text(known.label)}
    </Box>
  );
}

/** What a model can do and how large it is, in one line that wraps. */
export function ModelFacts({ item }: { item: CatalogueModel }) {
  const text = useText();
  const format = useFormats();
  const { model, nodes } = item;
  const facts = [
    model.parameters,
    model.quantization,
    model.context_length && text("modelContext", { count: model.context_length }),
    model.size_bytes && format.size(model.size_bytes),
    nodes.length > 0 && text("modelNodes", { count: nodes.length }),
  ].filter(Boolean);
  return (
    <Box component="span" sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 1, rowGap: 0.5, mt: 0.25 }}>
      <Box component="span" sx={{ fontSize: "0.8125rem", color: "text.secondary" }} dir="auto">
        {facts.join(" · ")}
      </Box>
      {model.capabilities.map((each) => {
        const label = BADGES[each];
        return label && <Chip key={each} component="span" size="small" variant="outlined" label={text(label)} sx={{ height: 20, fontSize: "0.75rem" }} />;
      })}
    </Box>
  );
}
