import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { toast } from "@/components/toast";
import { useFormats, useText } from "@/i18n/locale";
import type { NodeInfo } from "@/lib/api_types";
import { nodesQuery } from "../api/fleet_api";
import { removeMachine } from "../api/machines_api";

/** Since when a machine belongs here, whether it is away, and taking it out. Nothing for other nodes. */
export function JoinedMachine({ node }: { node: NodeInfo }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (node.joined === null) return null;
  const away = node.instances.length === 0;
  return (
    <>
      <Box component="span" sx={{ color: away ? "warning.main" : "text.secondary", fontSize: "0.875rem" }}>
        {text(away ? "machineAway" : "machineSince", { when: formats.moment(node.joined.joined_at) })}
      </Box>
      <Button size="small" variant="outlined" color="error" onClick={() => setAsking(true)}>
        {text("machineRemove")}
      </Button>
      <ConfirmDialog
        open={asking}
        title={text("machineRemoveTitle", { name: node.name })}
        action={text("machineRemove")}
        destructive
        run={async () => {
          await removeMachine(node.name);
          toast({ text: text("machineRemoved", { name: node.name }) });
          await client.invalidateQueries({ queryKey: nodesQuery.queryKey });
        }}
        onClose={() => setAsking(false)}
      >
        {text("machineRemoveText")}
      </ConfirmDialog>
    </>
  );
}
