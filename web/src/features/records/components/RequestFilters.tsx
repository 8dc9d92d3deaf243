import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { FilterSelect } from "@/components/FilterSelect";
import { TypedFilter } from "@/components/TypedFilter";
import { nodesQuery } from "@/features/fleet/api/fleet_api";
import { modelNamesQuery } from "@/features/keys/api/keys_api";
import { usersQuery } from "@/features/users/api/users_api";
import { type MessageKey, useText } from "@/i18n/locale";
import { REQUEST_OUTCOMES } from "../outcomes";
import { EVERYTHING, isNarrowed, type Outcome, type RequestFilter } from "../request_filter";

const DURATIONS: [number, MessageKey][] = [
  [1_000, "requestsOver1"],
  [5_000, "requestsOver5"],
  [30_000, "requestsOver30"],
];
const TIMES: [number, MessageKey][] = [
  [900, "requestsQuarterHour"],
  [3_600, "requestsHour"],
  [86_400, "requestsDay"],
  [604_800, "requestsWeek"],
];

interface RequestFiltersProps {
  filter: RequestFilter;
  onChange: (filter: RequestFilter) => void;
}

/** What to look for in the request log. */
export function RequestFilters({ filter, onChange }: RequestFiltersProps) {
  const text = useText();
  const users = useInfiniteQuery(usersQuery);
  const models = useQuery(modelNamesQuery);
  const nodes = useQuery({ ...nodesQuery, refetchInterval: false });
  const people = users.data?.pages.flatMap((page) => page.items) ?? [];
  const set = (change: Partial<RequestFilter>) => onChange({ ...filter, ...change });
  const numberOf = (value: string) => (value === "" ? null : Number(value));
  return (
    <Box role="search" aria-label={text("requestsFilter")} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mb: 2 }}>
      <FilterSelect
        label={text("requestOutcome")}
        value={filter.outcome}
        options={(Object.keys(REQUEST_OUTCOMES) as Outcome[]).map((each) => [each, text(REQUEST_OUTCOMES[each].label)])}
        onChange={(outcome) => set({ outcome: outcome as Outcome | "" })}
      />
      <FilterSelect label={text("requestUser")} value={filter.userId} options={people.map((user) => [user.id, user.username])} onChange={(userId) => set({ userId })} />
      <FilterSelect label={text("requestModel")} value={filter.model} options={(models.data ?? []).map((name) => [name, name])} onChange={(model) => set({ model })} />
      <FilterSelect label={text("requestNode")} value={filter.node} options={(nodes.data ?? []).map(({ name }) => [name, name])} onChange={(node) => set({ node })} />
      <FilterSelect
        label={text("requestDuration")}
        value={filter.minDurationMs === null ? "" : String(filter.minDurationMs)}
        options={DURATIONS.map(([ms, label]) => [String(ms), text(label)])}
        onChange={(value) => set({ minDurationMs: numberOf(value) })}
      />
      <FilterSelect
        label={text("time")}
        value={filter.lastS === null ? "" : String(filter.lastS)}
        options={TIMES.map(([seconds, label]) => [String(seconds), text(label)])}
        onChange={(value) => set({ lastS: numberOf(value) })}
      />
      <TypedFilter label={text("requestId")} value={filter.requestId} onChange={(requestId) => set({ requestId })} />
      {filter.keyId !== "" && <Chip label={text("requestsOneKey")} onDelete={() => set({ keyId: "" })} sx={{ alignSelf: "center" }} />}
      {isNarrowed(filter) && (
        <Button color="inherit" onClick={() => onChange(EVERYTHING)}>
          {text("filterClear")}
        </Button>
      )}
    </Box>
  );
}
