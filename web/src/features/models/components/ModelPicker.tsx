import { mdiMenuDown } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import Popover from "@mui/material/Popover";
import type { Theme } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { lazy, Suspense, useId, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { Loading } from "@/components/Loading";
import { useSession } from "@/features/session/session";
import { useText } from "@/i18n/locale";
import { useModels } from "../api/model_queries";
import { FIRST_MODEL_COMMAND } from "../first_model";
import { chatModels, modelNamed } from "../model_choice";

// Loaded when the list is opened.
const ModelList = lazy(() => import("./ModelList").then((loaded) => ({ default: loaded.ModelList })));

interface ModelPickerProps {
  value: string | null;
  onChange: (name: string) => void;
  disabled?: boolean;
  /** Where several pickers are on a page: what this one chooses for. */
  label?: string;
}

/** The model that answers, and a list of all that could. */
export function ModelPicker({ value, onChange, disabled, label }: ModelPickerProps) {
  const text = useText();
  const id = useId();
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("sm"), { noSsr: true });
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const models = useModels();
  const present = modelNamed(models.data ?? [], value);
  const gone = models.data !== undefined && value !== null && present === undefined;
  const close = () => setAnchor(null);
  const content = anchor !== null && (
    <PickerContent
      value={present?.model.name ?? value}
      onChoose={(name) => {
        close();
        onChange(name);
      }}
    />
  );
  return (
    <>
      <Button
        color="inherit"
        disabled={disabled}
        onClick={(event) => setAnchor(event.currentTarget)}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        aria-label={text("modelButton", { purpose: label ?? text("model"), model: value ?? text("modelNone") })}
        endIcon={<Icon path={mdiMenuDown} />}
        sx={{ minWidth: 0, maxWidth: "100%", px: 1.25 }}
      >
        <Box component="bdi" sx={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", textDecoration: gone ? "line-through" : undefined }}>
          {value ?? text("modelNone")}
        </Box>
      </Button>
      {narrow ? (
        <Dialog open={anchor !== null} onClose={close} aria-labelledby={id} slotProps={{ paper: { sx: { m: 1, maxHeight: "85%" } } }}>
          <Box component="h2" id={id} sx={{ typography: "h3", m: 0, px: 2, pt: 2 }}>
            {text("modelChoose")}
          </Box>
          {content}
        </Dialog>
      ) : (
        <Popover
          open={anchor !== null}
          anchorEl={anchor}
          onClose={close}
          anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
          slotProps={{
            paper: {
              role: "dialog",
              "aria-label": text("modelChoose"),
              sx: { width: "30rem", maxHeight: "min(32rem, 70vh)", display: "flex", flexDirection: "column", border: 1, borderColor: "divider" },
            },
          }}
        >
          {content}
        </Popover>
      )}
    </>
  );
}

function PickerContent({ value, onChoose }: { value: string | null; onChoose: (name: string) => void }) {
  const models = useModels();
  if (models.data === undefined) {
    return models.error ? (
      <Box sx={{ p: 2 }}>
        <ErrorNotice error={models.error} retry={() => void models.refetch()} />
      </Box>
    ) : (
      <Loading />
    );
  }
  const able = chatModels(models.data);
  if (able.length === 0) return <NoModels />;
  return (
    <Suspense fallback={<Loading />}>
      <ModelList items={able} value={value} onChoose={onChoose} />
    </Suspense>
  );
}

/** How to come by a first model. */
export function NoModels() {
  const text = useText();
  const administrator = useSession((state) => state.user?.role === "admin");
  return (
    <Box sx={{ p: 2.5 }}>
      <Box component="p" sx={{ m: 0, fontWeight: 650 }}>
        {text("modelEmpty")}
      </Box>
      <Box component="p" sx={{ mb: 0, mt: 1, color: "text.secondary" }}>
        {text(administrator ? "modelEmptyAdministrator" : "modelEmptyMember")}
      </Box>
      {administrator && (
        <Box component="code" dir="ltr" sx={{ display: "block", mt: 1.5, p: 1, borderRadius: 1, bgcolor: "sunken" }}>
          {FIRST_MODEL_COMMAND}
        </Box>
      )}
    </Box>
  );
}
