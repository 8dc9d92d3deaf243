import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { keysQuery } from "@/features/keys/api/keys_api";
import { useSession } from "@/features/session/session";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import { downloadText } from "@/lib/download";
import { usageQuery } from "../api/usage_api";
import { csvOf, type Grouping, grouped, lastDays, type Metric, tokensOf, type UsageGroup } from "../usage_sums";
import { Figures } from "./Figures";
import { WhoseUsage } from "./WhoseUsage";

const UsageChart = lazy(() => import("./UsageChart"));
const RANGES: [number, MessageKey][] = [
  [7, "usageWeek"],
  [30, "usageMonth"],
  [90, "usageQuarter"],
];
const GROUPINGS: [Grouping, MessageKey][] = [
  ["day", "usageByDay"],
  ["model", "usageByModel"],
  ["key", "usageByKey"],
  ["user", "requestUser"],
];
const METRICS: [Metric, MessageKey][] = [
  ["tokens", "usageTokens"],
  ["requests", "usageRequests"],
];

/** What one has used, as a picture and as the same table. */
export function UsagePage() {
  const text = useText();
  const [range, setRange] = useState(30);
  const [grouping, setGrouping] = useState<Grouping>("day");
  const [metric, setMetric] = useState<Metric>("tokens");
  const [whose, setWhose] = useState("");
  const chooseWhose = (chosen: string) => {
    setWhose(chosen);
    if (chosen !== "*" && grouping === "user") setGrouping("day");
  };
  const administrator = useSession((state) => state.user?.role === "admin");
  const days = useMemo(() => lastDays(range, new Date()), [range]);
  const usage = useQuery(usageQuery(days[0] ?? "", whose === "" ? null : whose));
  const rows = usage.data?.items;
  return (
    <Page
      wide
      title={text("usageTitle")}
      lead={text("usageLead")}
      actions={
        rows && (
          <>
            <Button variant="outlined" onClick={() => downloadText("covey-usage.csv", "text/csv", csvOf(rows))}>
              {text("exportCsv")}
            </Button>
            <Button
              variant="outlined"
              onClick={() => downloadText("covey-usage.json", "application/json", JSON.stringify(rows, null, 2))}
            >
              {text("exportJson")}
            </Button>
          </>
        )
      }
    >
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2, mb: 3 }}>
        {administrator && <WhoseUsage value={whose} onChange={chooseWhose} />}
        <Choice label={text("usageRange")} options={RANGES} value={range} onChange={setRange} />
        <Choice label={text("usageGrouping")} options={GROUPINGS.filter(([each]) => each !== "user" || whose === "*")} value={grouping} onChange={setGrouping} />
        <Choice label={text("usageMetric")} options={METRICS} value={metric} onChange={setMetric} />
      </Box>
      {usage.isPending && <Loading />}
      {usage.error && <ErrorNotice error={usage.error} retry={() => void usage.refetch()} />}
      {usage.data && (
        <>
          <Figures total={usage.data.total} />
          <Groups groups={withAllDays(grouped(usage.data.items, grouping), grouping, days)} grouping={grouping} metric={metric} />
        </>
      )}
    </Page>
  );
}

function withAllDays(groups: UsageGroup[], grouping: Grouping, days: string[]): UsageGroup[] {
  if (grouping !== "day") return groups;
  const none = { requests: 0, prompt_tokens: 0, completion_tokens: 0, failed: 0, cancelled: 0 };
  return days.map((id) => groups.find((group) => group.id === id) ?? { id, name: null, totals: none });
}

function Groups({ groups, grouping, metric }: { groups: UsageGroup[]; grouping: Grouping; metric: Metric }) {
  const text = useText();
  const formats = useFormats();
  const keys = useQuery({ ...keysQuery, enabled: grouping === "key" });
  const named = useMemo(() => {
    const nameOf = ({ id, name }: UsageGroup) => {
      if (name !== null) return name;
      if (grouping === "day") return formats.day(Date.parse(`${id}T12:00:00Z`) / 1000);
      if (grouping !== "key") return id;
      return id === "" ? text("usageWithoutKey") : (keys.data?.find((key) => key.id === id)?.name ?? id);
    };
    return groups.map((group) => ({ ...group, name: nameOf(group) }));
  }, [groups, grouping, keys.data, formats, text]);
  const columns = useMemo<Column<(typeof named)[number]>[]>(
    () => [
      { id: "name", label: text(GROUPINGS.find(([id]) => id === grouping)?.[1] ?? "usageByDay"), render: (group) => <bdi>{group.name}</bdi>, sortBy: (group) => group.id },
      { id: "requests", label: text("usageRequests"), numeric: true, render: (group) => formats.number(group.totals.requests), sortBy: (group) => group.totals.requests },
      { id: "prompt", label: text("usagePrompt"), numeric: true, render: (group) => formats.number(group.totals.prompt_tokens), sortBy: (group) => group.totals.prompt_tokens },
      { id: "completion", label: text("usageCompletion"), numeric: true, render: (group) => formats.number(group.totals.completion_tokens), sortBy: (group) => group.totals.completion_tokens },
      { id: "tokens", label: text("usageTokens"), numeric: true, render: (group) => formats.number(tokensOf(group.totals)), sortBy: (group) => tokensOf(group.totals) },
      { id: "failed", label: text("usageFailed"), numeric: true, render: (group) => formats.number(group.totals.failed), sortBy: (group) => group.totals.failed },
    ],
    [grouping, text, formats],
  );
  const used = groups.some((group) => group.totals.requests > 0);
  return (
    <>
      {used && (
        <Suspense fallback={<Loading />}>
          <UsageChart groups={named} metric={metric} />
        </Suspense>
      )}
      <DataTable
        label={text("usageTitle")}
        columns={columns}
        rows={used ? (grouping === "day" ? [...named].reverse() : named) : []}
        keyOf={(group) => group.id}
        empty={text("usageNone")}
        maxHeight="26rem"
      />
    </>
  );
}

interface ChoiceProps<Value> {
  label: string;
  options: [Value, MessageKey][];
  value: Value;
  onChange: (value: Value) => void;
}

function Choice<Value extends string | number>({ label, options, value, onChange }: ChoiceProps<Value>) {
  const text = useText();
  return (
    <ToggleButtonGroup
      exclusive
      size="small"
      aria-label={label}
      value={value}
      onChange={(_, chosen: Value | null) => chosen !== null && onChange(chosen)}
    >
      {options.map(([option, name]) => (
        <ToggleButton key={option} value={option} sx={{ textTransform: "none", px: 1.75 }}>
          {text(name)}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
