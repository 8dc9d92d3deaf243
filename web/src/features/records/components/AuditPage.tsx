import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import type { AuditEvent } from "@/lib/api_types";
import { auditQuery } from "../api/records_api";
import { ACTIONS } from "../audit_actions";

const OUTCOMES: Record<AuditEvent["outcome"], { label: MessageKey; colour: "success" | "warning" | "error" }> = {
  ok: { label: "auditOk", colour: "success" },
  refused: { label: "auditRefused", colour: "warning" },
  failed: { label: "auditFailed", colour: "error" },
};

/** Who changed what. */
export function AuditPage() {
  const text = useText();
  const [action, setAction] = useState("");
  const audit = useInfiniteQuery(auditQuery({ action, actorId: "" }));
  const rows = useMemo(() => audit.data?.pages.flatMap((page) => page.items) ?? [], [audit.data]);
  return (
    <Page wide title={text("auditTitle")} lead={text("auditLead")}>
      <TextField
        select
        label={text("auditAction")}
        value={action}
        onChange={(event) => setAction(event.target.value)}
        sx={{ mb: 2, maxWidth: 320 }}
        slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
      >
        <MenuItem value="">{text("auditAll")}</MenuItem>
        {Object.entries(ACTIONS).map(([name, label]) => (
          <MenuItem key={name} value={name}>
            {text(label)}
          </MenuItem>
        ))}
      </TextField>
      {audit.isPending && <Loading />}
      {audit.error && <ErrorNotice error={audit.error} retry={() => void audit.refetch()} />}
      {audit.data && (
        <AuditTable
          rows={rows}
          foot={
            audit.hasNextPage && (
              <Button loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
                {text("loadMore")}
              </Button>
            )
          }
        />
      )}
    </Page>
  );
}

function AuditTable({ rows, foot }: { rows: AuditEvent[]; foot: React.ReactNode }) {
  const text = useText();
  const formats = useFormats();
  const [open, setOpen] = useState<AuditEvent | null>(null);
  const columns = useMemo<Column<AuditEvent>[]>(
    () => [
      { id: "at", label: text("time"), render: (event) => formats.moment(event.at), width: 190 },
      {
        id: "action",
        label: text("auditAction"),
        render: (event) => {
          const label = ACTIONS[event.action];
          return label === undefined ? <code>{event.action}</code> : text(label);
        },
      },
      { id: "actor", label: text("auditActor"), render: (event) => <bdi>{event.actor_name ?? event.actor_id ?? text("auditNobody")}</bdi> },
      {
        id: "outcome",
        label: text("auditOutcome"),
        render: (event) => (
          <Chip size="small" variant="outlined" color={OUTCOMES[event.outcome].colour} label={text(OUTCOMES[event.outcome].label)} />
        ),
      },
      { id: "address", label: text("auditAddress"), render: (event) => <span dir="ltr">{event.client_address ?? ""}</span> },
    ],
    [text, formats],
  );
  return (
    <>
      <DataTable
        label={text("auditTitle")}
        columns={columns}
        rows={rows}
        keyOf={(event) => event.id}
        empty={text("auditNone")}
        foot={foot}
        onOpen={setOpen}
        openLabel={(event) => text("auditOpen", { time: formats.moment(event.at) })}
      />
      <Dialog open={open !== null} onClose={() => setOpen(null)} aria-labelledby="audit-title">
        <DialogTitle id="audit-title">{text("auditDetails")}</DialogTitle>
        <DialogContent>
          <Box component="pre" dir="ltr" tabIndex={0} aria-label={text("auditDetails")} sx={{ m: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {open && JSON.stringify(open, null, 2)}
          </Box>
        </DialogContent>
        <DialogActions>
          <Button onClick={() => setOpen(null)}>{text("close")}</Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
