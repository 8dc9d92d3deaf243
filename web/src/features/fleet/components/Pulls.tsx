import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import LinearProgress from "@mui/material/LinearProgress";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ErrorNotice } from "@/components/ErrorNotice";
import { toast } from "@/components/toast";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import type { PullProgress } from "@/lib/api_types";
import { cancelPull, pullsQuery } from "../api/fleet_api";
import { forgetPull, type RunningPull, startPull, usePulls } from "../pull_store";

const STATUSES: Record<string, MessageKey> = {
  resolving: "pullResolving",
  downloading: "pullDownloading",
  verifying: "pullVerifying",
  installing: "pullInstalling",
  done: "pullDone",
};

/** The models that are being fetched now, by this page or by anybody else, and how far they are. */
export function Pulls() {
  const own = Object.entries(usePulls());
  const names = new Set(own.flatMap(([key, { pull }]) => [key, pull.model]));
  const others = (useQuery(pullsQuery).data ?? []).filter(({ model }) => !names.has(model));
  if (own.length + others.length === 0) return null;
  return (
    <Box sx={{ display: "grid", gap: 1.5, mb: 3 }}>
      {own.map(([key, pull]) => (
        <OnePull key={key} id={key} running={pull} />
      ))}
      {others.map((pull) => (
        <Progress key={pull.id} name={pull.model} progress={pull.progress} stop={() => cancelPull(pull.id)} />
      ))}
    </Box>
  );
}

function OnePull({ id, running }: { id: string; running: RunningPull }) {
  const text = useText();
  const client = useQueryClient();
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
  return <Progress name={id} progress={running.progress} stop={running.stop} />;
}

interface ProgressProps {
  name: string;
  progress: PullProgress | null;
  stop: () => Promise<unknown>;
}

function Progress({ name, progress, stop }: ProgressProps) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const stopping = useMutation({
    mutationFn: stop,
    onError: () => toast({ severity: "error", text: text("pullStopFailed") }),
    onSettled: () => client.invalidateQueries({ queryKey: pullsQuery.queryKey }),
  });
  const total = progress?.total_bytes ?? 0;
  const share = total > 0 ? (100 * (progress?.completed_bytes ?? 0)) / total : null;
  const status = text(STATUSES[progress?.status ?? "resolving"] ?? "pullResolving");
  return (
    <Box sx={{ p: 2, border: 1, borderColor: "divider", borderRadius: 1.5 }}>
      <Box sx={{ display: "flex", alignItems: "center", gap: 2, mb: 1 }}>
        <Box sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          <bdi>{name}</bdi> · {status}
          {total > 0 && ` · ${formats.size(progress?.completed_bytes ?? 0)} / ${formats.size(total)}`}
        </Box>
        <Button size="small" color="inherit" loading={stopping.isPending} onClick={() => stopping.mutate()}>
          {text("cancel")}
        </Button>
      </Box>
      <LinearProgress aria-label={`${name}: ${status}`} variant={share === null ? "indeterminate" : "determinate"} value={share ?? undefined} />
    </Box>
  );
}
