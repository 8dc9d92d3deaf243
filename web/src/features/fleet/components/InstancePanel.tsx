import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { Facts } from "@/components/Facts";
import { SidePanel } from "@/components/SidePanel";
import { useFormats, useText } from "@/i18n/locale";
import type { InstanceInfo } from "@/lib/api_types";
import { INSTANCE_STATES, ROLES } from "../instance_texts";
import { MODEL_STATES } from "../model_states";

/** Everything that one worker says of itself, live. */
export function InstancePanel({ instance, onClose }: { instance: InstanceInfo | null; onClose: () => void }) {
  const text = useText();
  return (
    <SidePanel open={instance !== null} title={instance && text(ROLES[instance.service] ?? "roleOther")} onClose={onClose}>
      {instance && <Details info={instance} />}
    </SidePanel>
  );
}

function Details({ info }: { info: InstanceInfo }) {
  const text = useText();
  const formats = useFormats();
  const { load } = info;
  return (
    <Box sx={{ display: "grid", gap: 3 }}>
      <Facts
        facts={[
          [text("state"), text(INSTANCE_STATES[info.state].label)],
          [text("instanceId"), <code key="id" dir="ltr">{info.instance}</code>],
          [text("requestNode"), <bdi key="node">{info.node}</bdi>],
          [text("instanceRunning"), formats.number(load.running)],
          [text("instanceWaiting"), load.waiting_limit > 0 ? text("instanceWaitingOf", { waiting: formats.number(load.waiting), limit: formats.number(load.waiting_limit) }) : formats.number(load.waiting)],
          [text("instanceSlots"), load.slots > 0 && formats.number(load.slots)],
          [text("instanceServiceTime"), load.service_time_s !== null && formats.duration(load.service_time_s * 1000)],
          [text("instanceSince"), formats.moment(info.started_at)],
          [text("instanceVersion"), <span key="version" dir="ltr">{info.version}</span>],
          [text("instanceProcess"), info.pid > 0 && String(info.pid)],
          [text("instanceCpu"), info.cpu_percent !== null && text("instanceCpuValue", { value: formats.decimal(info.cpu_percent) })],
          [text("instanceMemory"), info.memory_bytes !== null && formats.size(info.memory_bytes)],
          [text("instanceMesh"), info.mesh_server && <code key="mesh" dir="ltr">{info.mesh_server}</code>],
        ]}
      />
      {info.models.length > 0 && (
        <Box component="section">
          <Typography variant="h3" sx={{ mb: 1 }}>
            {text("instanceModels")}
          </Typography>
          <Facts facts={info.models.map((model) => [model.name, text(MODEL_STATES[model.state].label)])} />
        </Box>
      )}
    </Box>
  );
}
