import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { Copyable } from "@/components/Copyable";
import { ViewCode } from "@/features/code/components/ViewCode";
import { usePreferredModel } from "@/features/models/hooks";
import { useText } from "@/i18n/locale";
import type { ChatMessage } from "@/lib/api_types";
import { tryKey } from "../api/keys_api";

interface NewKeySecretProps {
  secret: string;
  /** Those that the key may use; none: all. */
  models: readonly string[];
  onClose: () => void;
}

/** The only moment at which a key's secret is seen. */
export function NewKeySecret({ secret, models, onClose }: NewKeySecretProps) {
  const text = useText();
  const [outcome, setOutcome] = useState<"untried" | "trying" | "works" | "fails">("untried");
  const { model: preferred } = usePreferredModel();
  const request = { model: models[0] ?? preferred ?? "default", messages: [{ role: "user", content: "Hello" } as ChatMessage] };
  const attempt = async () => {
    setOutcome("trying");
    setOutcome((await tryKey(secret).catch(() => false)) ? "works" : "fails");
  };
  return (
    <>
      <DialogTitle id="new-key-title">{text("keyMade")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: 2 }}>
        <Alert severity="warning" variant="outlined">
          {text("keyOnce")}
        </Alert>
        <Copyable label={text("copyKey")} value={secret} />
        <Box role="status" sx={{ display: "flex", alignItems: "center", gap: 2 }}>
          <Button variant="outlined" loading={outcome === "trying"} onClick={() => void attempt()}>
            {text("tryKey")}
          </Button>
          {outcome === "works" && <Box sx={{ color: "success.main" }}>{text("keyTried")}</Box>}
          {outcome === "fails" && <Box sx={{ color: "error.main" }}>{text("keyFails")}</Box>}
        </Box>
        <Typography variant="h3">{text("keyExample")}</Typography>
        <ViewCode request={request} secret={secret} />
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          {text("keyStored")}
        </Button>
      </DialogActions>
    </>
  );
}
