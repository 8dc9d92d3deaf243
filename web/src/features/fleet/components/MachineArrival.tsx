import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import CircularProgress from "@mui/material/CircularProgress";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useFormats, useText } from "@/i18n/locale";
import type { MachineInvitation } from "@/lib/api_types";
import { nodesQuery } from "../api/fleet_api";
import { machineInvitationsQuery } from "../api/machines_api";
import { arrivalOf } from "../machine_arrival";

/** Says when the invited machine has come, or cannot come any more. */
export function MachineArrival({ invitation, before }: { invitation: MachineInvitation; before: string[] }) {
  const text = useText();
  const formats = useFormats();
  const nodes = useQuery(nodesQuery);
  const invitations = useQuery(machineInvitationsQuery);
  const nowS = useNowS();
  const arrival = arrivalOf(invitation, {
    nodes: nodes.data ?? [],
    // A list from before the invitation was made does not have it either.
    open: invitations.dataUpdatedAt / 1000 > invitation.created_at + 1 ? (invitations.data?.items.map((one) => one.id) ?? null) : null,
    before,
    nowS,
  });
  return (
    <Box role="status">
      {arrival.state === "waiting" && (
        <Box sx={{ display: "flex", alignItems: "center", gap: 1.5, color: "text.secondary" }}>
          <CircularProgress size={18} aria-hidden="true" />
          <span>{text("machineWaiting", { until: formats.moment(invitation.expires_at) })}</span>
        </Box>
      )}
      {arrival.state === "over" && <Alert severity="warning">{text("machineOver")}</Alert>}
      {arrival.state === "joined" && (
        <Alert severity="success">
          {text(!arrival.serving ? "machineJoined" : arrival.models === 0 ? "machineServesNone" : "machineServes", {
            name: arrival.name,
            count: arrival.models,
          })}
        </Alert>
      )}
    </Box>
  );
}

function useNowS(): number {
  const [nowS, setNowS] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNowS(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return nowS;
}
