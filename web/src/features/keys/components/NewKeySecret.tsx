import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { useText } from "@/i18n/locale";
import { tryKey } from "../api/keys_api";

/** The only moment at which a key's secret is seen. */
export function NewKeySecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const text = useText();
  const [outcome, setOutcome] = useState<"untried" | "trying" | "works" | "fails">("untried");
  const example = `curl ${location.origin}/v1/chat/completions \\
  -H "Authorization: Bearer ${secret}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "default", "messages": [{"role": "user", "content": "Hello"}]}'`;
  const attempt = async () => {
    setOutcome("trying");
    setOutcome((await tryKey(secret).catch(() => false)) ? "works" : "fails");
  };
  return (
    <>
      <DialogTitle id="new-key-title">{text("keyMade")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2 }}>
        <Alert severity="warning" variant="outlined">
          {text("keyOnce")}
        </Alert>
        <Copyable label={text("copyKey")} value={secret} />
        <Typography variant="h3">{text("keyExample")}</Typography>
        <Copyable label={text("copyExample")} value={example} />
        <Box role="status" sx={{ display: "flex", alignItems: "center", gap: 2 }}>
          <Button variant="outlined" loading={outcome === "trying"} onClick={() => void attempt()}>
            {text("tryKey")}
          </Button>
          {outcome === "works" && <Box sx={{ color: "success.main" }}>{text("keyTried")}</Box>}
          {outcome === "fails" && <Box sx={{ color: "error.main" }}>{text("keyFails")}</Box>}
        </Box>
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          {text("keyStored")}
        </Button>
      </DialogActions>
    </>
  );
}

function Copyable({ label, value }: { label: string; value: string }) {
  return (
    <Box sx={{ display: "flex", alignItems: "start", gap: 1, p: 1.5, borderRadius: 1, bgcolor: "sunken" }}>
      <Box component="pre" dir="ltr" tabIndex={0} aria-label={label} sx={{ flex: 1, m: 0, overflowX: "auto", whiteSpace: "pre-wrap", wordBreak: "break-all" }}>
        {value}
      </Box>
      <CopyButton text={value} label={label} />
    </Box>
  );
}
