import { mdiRefresh } from "@mdi/js";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { contentPolicyQuery } from "@/features/content/api/content_api";
import { useFormats, useText } from "@/i18n/locale";
import { requestsQuery } from "../api/requests_api";
import { REQUEST_OUTCOMES } from "../outcomes";
import { EVERYTHING, isNarrowed, type LoggedRequest } from "../request_filter";
import { RequestDetails, UserName } from "./RequestDetails";
import { RequestFilters } from "./RequestFilters";

/** The last requests of the whole service, one by one. */
export function RequestsPage() {
  const text = useText();
  const [filter, setFilter] = useState(EVERYTHING);
  const [open, setOpen] = useState<LoggedRequest | null>(null);
  const kept = useQuery(contentPolicyQuery).data?.kept ?? false;
  const log = useInfiniteQuery({ ...requestsQuery(filter), placeholderData: keepPreviousData });
  const rows = useMemo(() => log.data?.pages.flatMap((page) => page.items) ?? [], [log.data]);
  const columns = useRequestColumns();
  return (
    <Page
      wide
      title={text("requestsTitle")}
      lead={text(kept ? "requestsLeadKept" : "requestsLead")}
      actions={
        <Button variant="outlined" startIcon={<Icon path={mdiRefresh} />} loading={log.isFetching} onClick={() => void log.refetch()}>
          {text("refresh")}
        </Button>
      }
    >
      <RequestFilters filter={filter} onChange={setFilter} />
      {log.isPending && <Loading />}
      {log.error && <ErrorNotice error={log.error} retry={() => void log.refetch()} />}
      {log.data && (
        <DataTable
          label={text("requestsTitle")}
          columns={columns}
          rows={rows}
          keyOf={({ record }) => record.request_id}
          empty={text(isNarrowed(filter) ? "requestsNoneFound" : "requestsNone")}
          onOpen={setOpen}
          openLabel={({ record }) => text("requestOpen", { id: record.request_id })}
          exportName="covey-requests"
          foot={
            log.hasNextPage && (
              <Button loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
                {text("loadMore")}
              </Button>
            )
          }
        />
      )}
      <RequestDetails
        request={open}
        onNarrow={(change) => {
          setFilter({ ...filter, ...change });
          setOpen(null);
        }}
        onClose={() => setOpen(null)}
      />
    </Page>
  );
}

function useRequestColumns(): Column<LoggedRequest>[] {
  const text = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      { id: "at", label: text("requestEnded"), render: ({ record }) => formats.precise(record.at), csv: ({ record }) => new Date(record.at * 1000).toISOString(), width: 220 },
      {
        id: "outcome",
        label: text("requestOutcome"),
        csv: ({ record }) => record.error_code ?? record.outcome,
        render: ({ record }) => (
          <Chip size="small" variant="outlined" color={REQUEST_OUTCOMES[record.outcome].colour} label={text(REQUEST_OUTCOMES[record.outcome].label)} />
        ),
      },
      { id: "user", label: text("requestUser"), render: (request) => <UserName request={request} />, csv: (request) => request.username ?? request.record.user_id },
      { id: "key", label: text("requestKey"), render: (request) => <bdi>{request.key_name ?? ""}</bdi>, csv: (request) => request.key_name ?? request.record.key_id ?? "" },
      { id: "model", label: text("requestModel"), render: ({ record }) => <bdi>{record.model}</bdi>, csv: ({ record }) => record.model },
      { id: "in", label: text("usagePrompt"), numeric: true, render: ({ record }) => formats.number(record.prompt_tokens), csv: ({ record }) => record.prompt_tokens },
      { id: "out", label: text("usageCompletion"), numeric: true, render: ({ record }) => formats.number(record.completion_tokens), csv: ({ record }) => record.completion_tokens },
      {
        id: "first",
        label: text("requestFirstToken"),
        numeric: true,
        render: ({ record }) => (record.first_token_ms === null ? "" : formats.duration(record.first_token_ms)),
        csv: ({ record }) => record.first_token_ms ?? "",
      },
      { id: "duration", label: text("requestDuration"), numeric: true, render: ({ record }) => formats.duration(record.duration_ms), csv: ({ record }) => record.duration_ms },
      { id: "id", label: text("requestId"), render: ({ record }) => <code dir="ltr">{record.request_id}</code>, csv: ({ record }) => record.request_id },
    ],
    [text, formats],
  );
}
