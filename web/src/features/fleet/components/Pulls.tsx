import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import LinearProgress from "@mui/material/LinearProgress";
import { useQueryClient } from "@tanstack/react-query";
import { ErrorNotice } from "@/components/ErrorNotice";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import { forgetPull, type RunningPull, startPull, usePulls } from "../pull_store";

const STATUSES: Record<string, MessageKey> = {
  resolving: "pullResolving",
  downloading: "pullDownloading",
  verifying: "pullVerifying",
  installing: "pullInstalling",
  done: "pullDone",
};

/** The models that are being fetched now, and how far they are. */
export function Pulls() {
  const pulls = Object.entries(usePulls());
  if (pulls.length === 0) return null;
  return (
    <Box sx={{ display: "grid", gap: 1.5, mb: 3 }}>
      {pulls.map(([key, pull]) => (
        <OnePull key={key} id={key} running={pull} />
      ))}
    </Box>
  );
}

function OnePull({ id, running }: { id: string; running: RunningPull }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const { progress } = running;
  if (running.error) {
    return (
      <ErrorNotice
        error={running.error}
        retry={() => startPull(running.pull, () => void client.invalidateQueries({ queryKey: ["models"] }))}
      >
        <Button size="small" color="inherit" onClick={() => forgetPull(id)}>
          {text("close")}
        </Button>
      </ErrorNotice>
    );
  }
  if (running.done) {
    return (
      <Alert severity="success" variant="outlined" onClose={() => forgetPull(id)} closeText={text("close")}>
        {text("pullFinished", { name: id })}
      </Alert>
    );
  }
  const total = progress?.total_bytes ?? 0;
  const share = total > 0 ? (100 * (progress?.completed_bytes ?? 0)) / total : null;
  const status = text(STATUSES[progress?.status ?? "resolving"] ?? "pullResolving");
  return (
    <Box sx={{ p: 2, border: 1, borderColor: "divider", borderRadius: 1.5 }}>
      <Box sx={{ display: "flex", alignItems: "center", gap: 2, mb: 1 }}>
        <Box sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          <bdi>{id}</bdi> · {status}
          {total > 0 && ` · ${formats.size(progress?.completed_bytes ?? 0)} / ${formats.size(total)}`}
        </Box>
        <Button size="small" color="inherit" onClick={running.stop}>
          {text("cancel")}
        </Button>
      </Box>
      <LinearProgress aria-label={`${id}: ${status}`} variant={share === null ? "indeterminate" : "determinate"} value={share ?? undefined} />
    </Box>
  );
}
