import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { Command } from "@/components/Command";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { type MessageKey, useText } from "@/i18n/locale";
import type { CreatedMachineInvitation } from "@/lib/api_types";
import { nodesQuery } from "../api/fleet_api";
import { inviteMachine, machineInvitationsQuery } from "../api/machines_api";
import { addressesOf } from "../machine_arrival";
import { MachineArrival } from "./MachineArrival";

const INSTALL = './dev setup && export PATH="$PWD/.venv/bin:$PATH"';
const LIFETIMES: [number, MessageKey][] = [
  [900, "machineQuarter"],
  [3600, "machineHour"],
  [86_400, "machineDay"],
  [604_800, "machineWeek"],
];

interface Made {
  invitation: CreatedMachineInvitation;
  /** Machines that had joined before it was made. */
  before: string[];
}

/** Invites a machine, shows the one command for it, and watches until it has come. */
export function AddNodeDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const text = useText();
  const form = useId();
  const invitations = useQuery({ ...machineInvitationsQuery, enabled: open });
  const [made, setMade] = useState<Made | null>(null);
  const [busy, setBusy] = useState(false);
  const close = () => {
    onClose();
    setMade(null);
  };
  const accepts = invitations.data?.accepts === true;
  return (
    <Dialog open={open} onClose={close} maxWidth="sm" fullWidth aria-labelledby={`${form}-title`}>
      <DialogTitle id={`${form}-title`}>{text("machineAdd")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, "&&": { pt: 1 } }}>
        {invitations.isPending && <Loading />}
        {invitations.error && <ErrorNotice error={invitations.error} retry={() => void invitations.refetch()} />}
        {invitations.data && !accepts && <HowToAccept setting={invitations.data.setting} />}
        {invitations.data?.accepts && made === null && (
          <InvitationForm id={form} addresses={invitations.data.addresses} onMade={setMade} onBusy={setBusy} />
        )}
        {made !== null && <Instructions made={made} />}
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={close}>
          {text(accepts && made === null ? "cancel" : "close")}
        </Button>
        {accepts && made === null && (
          <Button type="submit" form={form} variant="contained" loading={busy}>
            {text("machineInvite")}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

/** What has to be switched on before machines can join. */
function HowToAccept({ setting }: { setting: string | null }) {
  const text = useText();
  if (setting === null) return <Typography>{text("machineElsewhere")}</Typography>;
  return (
    <>
      <Typography>{text("machineClosed")}</Typography>
      <Command text="covey up --accept-nodes" label={text("machineCopy")} />
      <Typography>{text("machineClosedSetting")}</Typography>
      <Command text={`${setting} = "0.0.0.0:7422"`} label={text("machineCopySetting")} />
    </>
  );
}

interface FormProps {
  id: string;
  addresses: string[];
  onMade: (made: Made) => void;
  onBusy: (busy: boolean) => void;
}

function InvitationForm({ id, addresses, onMade, onBusy }: FormProps) {
  const text = useText();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [lifetimeS, setLifetimeS] = useState(3600);
  const [typed, setTyped] = useState(() => addresses.join(", "));
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    onBusy(true);
    try {
      const nodes = await client.fetchQuery({ ...nodesQuery, staleTime: 0 });
      const invitation = await inviteMachine({
        name: name.trim() || null,
        expires_in_s: lifetimeS,
        addresses: addressesOf(typed),
      });
      onMade({ invitation, before: nodes.filter((node) => node.joined !== null).map((node) => node.name) });
      void client.invalidateQueries({ queryKey: machineInvitationsQuery.queryKey });
    } catch (caught) {
      setError(caught);
    } finally {
      onBusy(false);
    }
  };
  return (
    <form id={id} onSubmit={(event) => void submit(event)} style={{ display: "grid", gap: 16 }}>
      <Typography>{text("machineLead")}</Typography>
      <TextField
        label={text("machineName")}
        helperText={text("machineNameHint")}
        value={name}
        onChange={(event) => setName(event.target.value)}
        slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, autoComplete: "off", maxLength: 32, pattern: "[A-Za-z0-9_\\-]{1,32}" } }}
      />
      <TextField
        label={text("machineAddresses")}
        helperText={text("machineAddressesHint")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, autoComplete: "off" } }}
      />
      <TextField select label={text("machineLifetime")} value={lifetimeS} onChange={(event) => setLifetimeS(Number(event.target.value))}>
        {LIFETIMES.map(([seconds, label]) => (
          <MenuItem key={seconds} value={seconds}>
            {text(label)}
          </MenuItem>
        ))}
      </TextField>
      {error !== null && <ErrorNotice error={error} />}
    </form>
  );
}

/** What is to be done on the machine, and what became of it. */
function Instructions({ made }: { made: Made }) {
  const text = useText();
  return (
    <>
      <Typography component="h3" variant="h3">
        {text("machineStepInstall")}
      </Typography>
      <Typography>{text("machineInstall")}</Typography>
      <Command text={INSTALL} label={text("machineCopyInstall")} />
      <Typography component="h3" variant="h3">
        {text("machineStepJoin")}
      </Typography>
      <Typography>{text("machineJoin")}</Typography>
      <Command text={made.invitation.command} label={text("machineCopy")} />
      <MachineArrival invitation={made.invitation.invitation} before={made.before} />
    </>
  );
}
