import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { toast } from "@/components/toast";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import type { InvitationInfo, Role } from "@/lib/api_types";
import { invitationsQuery, invite, revokeInvitation } from "../api/users_api";

const DAY_S = 86_400;
const LIFETIMES: [number, MessageKey][] = [
  [DAY_S, "lifetimeDayLong"],
  [7 * DAY_S, "lifetimeWeek"],
  [30 * DAY_S, "lifetimeMonth"],
];

const STATES: Record<InvitationInfo["state"], MessageKey> = {
  open: "invitationOpen",
  used: "invitationUsed",
  expired: "keyExpired",
  revoked: "keyRevoked",
};

/** Who is invited, and inviting. */
export function Invitations() {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const invitations = useQuery(invitationsQuery);
  const [inviting, setInviting] = useState(false);
  const { mutate } = useMutation({
    mutationFn: revokeInvitation,
    onSettled: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
    onError: () => toast({ severity: "error", text: text("invitationNotRevoked") }),
  });
  const columns = useMemo<Column<InvitationInfo>[]>(
    () => [
      { id: "created", label: text("created"), render: (item) => formats.moment(item.created_at), sortBy: (item) => item.created_at },
      { id: "role", label: text("userRole"), render: (item) => text(item.role === "admin" ? "roleAdmin" : "roleMember") },
      { id: "expires", label: text("keyExpires"), render: (item) => formats.moment(item.expires_at), sortBy: (item) => item.expires_at },
      {
        id: "state",
        label: text("state"),
        sortBy: (item) => item.state,
        render: (item) => (
          <>
            <span>{text(STATES[item.state])}</span>
            {item.used_by_name !== null && (
              <Box component="span" sx={{ color: "text.secondary" }}>
                {" · "}
                <bdi>{item.used_by_name}</bdi>
              </Box>
            )}
          </>
        ),
      },
      {
        id: "actions",
        label: text("actions"),
        render: (item) =>
          item.state === "open" && (
            <Button size="small" color="error" onClick={() => mutate(item.id)}>
              {text("revoke")}
            </Button>
          ),
      },
    ],
    [text, formats, mutate],
  );
  return (
    <>
      <Button variant="outlined" sx={{ mb: 2 }} onClick={() => setInviting(true)}>
        {text("invite")}
      </Button>
      {invitations.isPending && <Loading />}
      {invitations.error && <ErrorNotice error={invitations.error} retry={() => void invitations.refetch()} />}
      {invitations.data && (
        <DataTable
          label={text("invitationsTitle")}
          columns={columns}
          rows={[...invitations.data].sort((one, other) => other.created_at - one.created_at)}
          keyOf={(item) => item.id}
          empty={text("invitationsNone")}
        />
      )}
      <InviteDialog open={inviting} onClose={() => setInviting(false)} />
    </>
  );
}

function InviteDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const text = useText();
  const client = useQueryClient();
  const [role, setRole] = useState<Role>("member");
  const [lifetime, setLifetime] = useState(7 * DAY_S);
  const [link, setLink] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const close = () => {
    onClose();
    setLink(null);
    setError(null);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const made = await invite(role, lifetime);
      setLink(`${location.origin}/register?invitation=${encodeURIComponent(made.code)}`);
      void client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={close} maxWidth="xs" aria-labelledby="invite-title">
      <form onSubmit={(event) => void submit(event)}>
        <DialogTitle id="invite-title">{text("invite")}</DialogTitle>
        <DialogContent sx={{ display: "grid", gap: 2, "&&": { pt: 1 } }}>
          {link === null ? (
            <>
              <TextField select label={text("userRole")} value={role} onChange={(event) => setRole(event.target.value as Role)}>
                <MenuItem value="member">{text("roleMember")}</MenuItem>
                <MenuItem value="admin">{text("roleAdmin")}</MenuItem>
              </TextField>
              <TextField select label={text("keyExpires")} value={lifetime} onChange={(event) => setLifetime(Number(event.target.value))}>
                {LIFETIMES.map(([seconds, label]) => (
                  <MenuItem key={seconds} value={seconds}>
                    {text(label)}
                  </MenuItem>
                ))}
              </TextField>
            </>
          ) : (
            <>
              {text("invitationOnce")}
              <Box sx={{ display: "flex", alignItems: "center", gap: 1, p: 1.5, borderRadius: 1, bgcolor: "sunken" }}>
                <Box component="code" dir="ltr" sx={{ flex: 1, wordBreak: "break-all" }}>
                  {link}
                </Box>
                <CopyButton text={link} label={text("copyLink")} />
              </Box>
            </>
          )}
          {error !== null && <ErrorNotice error={error} />}
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={close}>
            {text(link === null ? "cancel" : "close")}
          </Button>
          {link === null && (
            <Button type="submit" variant="contained" loading={busy}>
              {text("makeInvitation")}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
