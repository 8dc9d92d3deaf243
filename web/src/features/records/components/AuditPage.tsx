import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { FilterSelect } from "@/components/FilterSelect";
import { TypedFilter } from "@/components/TypedFilter";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { usersQuery } from "@/features/users/api/users_api";
import { useFormats, useText } from "@/i18n/locale";
import type { AuditEvent } from "@/lib/api_types";
import { auditQuery } from "../api/records_api";
import { ACTIONS } from "../audit_actions";
import { AUDIT_OUTCOMES, useSentence } from "../audit_texts";
import { AuditDetails } from "./AuditDetails";

/** Who changed what. */
export function AuditPage() {
  const text = useText();
  const [action, setAction] = useState("");
  const [actorId, setActorId] = useState("");
  const [outcome, setOutcome] = useState<AuditEvent["outcome"] | "">("");
  const [target, setTarget] = useState("");
  const users = useInfiniteQuery(usersQuery);
  const people = users.data?.pages.flatMap((page) => page.items) ?? [];
  const audit = useInfiniteQuery({ ...auditQuery({ action, actorId, outcome, target: target.trim() }), placeholderData: keepPreviousData });
  const rows = useMemo(() => audit.data?.pages.flatMap((page) => page.items) ?? [], [audit.data]);
  return (
    <Page wide title={text("auditTitle")} lead={text("auditLead")}>
      <Box role="search" aria-label={text("auditTitle")} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mb: 2 }}>
        <FilterSelect
          label={text("auditAction")}
          value={action}
          options={Object.entries(ACTIONS).map(([name, label]) => [name, text(label)])}
          onChange={setAction}
        />
        <FilterSelect label={text("auditActor")} value={actorId} options={people.map((user) => [user.id, user.username])} onChange={setActorId} />
        <FilterSelect
          label={text("auditOutcome")}
          value={outcome}
          options={(Object.keys(AUDIT_OUTCOMES) as AuditEvent["outcome"][]).map((each) => [each, text(AUDIT_OUTCOMES[each].label)])}
          onChange={(chosen) => setOutcome(chosen as AuditEvent["outcome"] | "")}
        />
        <TypedFilter label={text("auditTarget")} value={target} onChange={setTarget} />
      </Box>
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

function AuditTable({ rows, foot }: { rows: AuditEvent[]; foot: ReactNode }) {
  const text = useText();
  const formats = useFormats();
  const sentence = useSentence();
  const [open, setOpen] = useState<AuditEvent | null>(null);
  const columns = useMemo<Column<AuditEvent>[]>(
    () => [
      { id: "at", label: text("time"), render: (event) => formats.moment(event.at), csv: (event) => new Date(event.at * 1000).toISOString(), width: 190 },
      { id: "what", label: text("auditWhat"), render: sentence, csv: (event) => event.action },
      {
        id: "outcome",
        label: text("auditOutcome"),
        csv: (event) => event.error_code ?? event.outcome,
        render: (event) => (
          <Chip size="small" variant="outlined" color={AUDIT_OUTCOMES[event.outcome].colour} label={text(AUDIT_OUTCOMES[event.outcome].label)} />
        ),
      },
      { id: "target", label: text("auditTarget"), render: (event) => <code dir="auto">{event.target ?? ""}</code>, csv: (event) => event.target ?? "" },
      { id: "address", label: text("auditAddress"), render: (event) => <span dir="ltr">{event.client_address ?? ""}</span>, csv: (event) => event.client_address ?? "" },
    ],
    [text, formats, sentence],
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
        exportName="covey-audit"
      />
      <AuditDetails event={open} onClose={() => setOpen(null)} />
    </>
  );
}
