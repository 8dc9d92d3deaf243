import Button from "@mui/material/Button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { NodeInfo } from "@/lib/api_types";
import { drainNode, nodesQuery, resumeNode } from "../api/fleet_api";
import { drainStateOf } from "../node_state";

/** Takes a node's processors out of service, after a question, and back. */
export function DrainButton({ node }: { node: NodeInfo }) {
  const text = useText();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const renew = () => client.invalidateQueries({ queryKey: nodesQuery.queryKey });
  const resuming = useMutation({
    mutationFn: () => resumeNode(node.name),
    onSuccess: () => toast({ text: text("nodeResumed", { name: node.name }) }),
    onError: (error) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title }),
    onSettled: renew,
  });
  const state = drainStateOf(node);
  if (state === null) return null;
  if (state === "draining") {
    return (
      <Button size="small" variant="outlined" loading={resuming.isPending} onClick={() => resuming.mutate()}>
        {text("nodeResume")}
      </Button>
    );
  }
  return (
    <>
      <Button size="small" variant="outlined" color="inherit" onClick={() => setAsking(true)}>
        {text("nodeDrain")}
      </Button>
      <ConfirmDialog
        open={asking}
        title={text("nodeDrainTitle", { name: node.name })}
        action={text("nodeDrain")}
        destructive
        run={async () => {
          await drainNode(node.name);
          await renew();
        }}
        onClose={() => setAsking(false)}
      >
        {text("nodeDrainText")}
      </ConfirmDialog>
    </>
  );
}
