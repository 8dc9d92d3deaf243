import Button from "@mui/material/Button";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { useFormats, useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { MachineInvitation } from "@/lib/api_types";
import { machineInvitationsQuery, revokeMachineInvitation } from "../api/machines_api";

/** Machines that are invited and have not come. Nothing while there are none. */
export function MachineInvitations() {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const invitations = useQuery(machineInvitationsQuery);
  const { mutate } = useMutation({
    mutationFn: (invitation: MachineInvitation) => revokeMachineInvitation(invitation.id),
    onSuccess: () => toast({ text: text("machineRevoked") }),
    onError: (error) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title }),
    onSettled: () => client.invalidateQueries({ queryKey: machineInvitationsQuery.queryKey }),
  });
  const columns = useMemo<Column<MachineInvitation>[]>(
    () => [
      { id: "name", label: text("machineName"), render: (one) => (one.name === null ? text("machineItsOwnName") : <bdi>{one.name}</bdi>) },
      { id: "by", label: text("machineInvitedBy"), render: (one) => <bdi>{one.invited_by}</bdi> },
      { id: "until", label: text("machineUntil"), render: (one) => formats.moment(one.expires_at), sortBy: (one) => one.expires_at },
      {
        id: "actions",
        label: text("actions"),
        render: (one) => (
          <Button
            size="small"
            color="error"
            aria-label={text("machineRevokeOf", { name: one.name ?? formats.moment(one.created_at) })}
            onClick={() => mutate(one)}
          >
            {text("revoke")}
          </Button>
        ),
      },
    ],
    [text, formats, mutate],
  );
  const items = invitations.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Box component="section" sx={{ mt: 4 }}>
      <Typography variant="h2" sx={{ mb: 1.5 }}>
        {text("machineInvited")}
      </Typography>
      <DataTable label={text("machineInvited")} columns={columns} rows={items} keyOf={(one) => one.id} empty={text("invitationsNone")} />
    </Box>
  );
}
