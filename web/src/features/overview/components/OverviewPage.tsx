import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { TextLink } from "@/components/links";
import { useFormats, useText } from "@/i18n/locale";
import { overviewQuery, type Overview } from "../api/overview_api";
import { shareOf } from "../activity_bars";
import { ActivityChart } from "./ActivityChart";
import { Health } from "./Health";
import { MinutesTable } from "./MinutesTable";
import { Tile, Tiles } from "./Tile";

/** How the service is doing, on one page. */
export function OverviewPage() {
  const text = useText();
  const formats = useFormats();
  const overview = useQuery(overviewQuery);
  return (
    <Page
      wide
      title={text("overviewTitle")}
      lead={
        overview.data &&
        text("overviewLead", { version: overview.data.version, since: formats.moment(overview.data.started_at) })
      }
    >
      {overview.isPending && <Loading />}
      {overview.error && (
        <Box sx={{ mb: 3 }}>
          <ErrorNotice error={overview.error} retry={() => void overview.refetch()} />
        </Box>
      )}
      {overview.data && <Figures overview={overview.data} />}
    </Page>
  );
}

function Figures({ overview }: { overview: Overview }) {
  const text = useText();
  return (
    <>
      <Health overview={overview} />
      <Part title={text("overviewNowTitle")}>
        <NowTiles overview={overview} />
      </Part>
      <Part title={text("overviewHourTitle")}>
        <Box sx={{ display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(22rem, 100%), 1fr))", gap: 2, mb: 2 }}>
          <ActivityChart title={text("overviewRequestsMinute")} points={overview.series} valueOf={(point) => point.requests} />
          <ActivityChart title={text("overviewTokensMinute")} points={overview.series} valueOf={(point) => point.tokens} colour="secondary.main" />
        </Box>
        <MinutesTable points={overview.series} />
      </Part>
      <Part title={text("overviewTotalsTitle")}>
        <TotalsTiles overview={overview} />
      </Part>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section" sx={{ mb: 4 }}>
      <Typography variant="h2" sx={{ mb: 2 }}>
        {title}
      </Typography>
      {children}
    </Box>
  );
}

function NowTiles({ overview }: { overview: Overview }) {
  const text = useText();
  const formats = useFormats();
  const { last_minute: minute, loaded_models: loaded, nodes } = overview;
  return (
    <Tiles>
      <Tile
        label={text("overviewRunning")}
        value={formats.number(overview.running)}
        note={overview.slots > 0 && text("overviewOfSlots", { slots: formats.number(overview.slots) })}
      />
      <Tile label={text("overviewWaiting")} value={formats.number(overview.waiting)} />
      <Tile label={text("overviewRequestsMinute")} value={formats.number(minute.requests)} />
      <Tile label={text("overviewTokensMinute")} value={formats.number(minute.prompt_tokens + minute.completion_tokens)} />
      <Tile
        label={text("overviewModels")}
        value={<TextLink to="/admin/models">{formats.number(overview.models)}</TextLink>}
        note={text("overviewLoaded", { count: loaded.length })}
      />
      <Tile
        label={text("overviewNodes")}
        value={<TextLink to="/admin/nodes">{formats.number(nodes.length)}</TextLink>}
        note={<bdi>{nodes.map((node) => node.name).join(", ")}</bdi>}
      />
      <Tile label={text("overviewUsers")} value={<TextLink to="/admin/users">{formats.number(overview.users)}</TextLink>} />
    </Tiles>
  );
}

function TotalsTiles({ overview }: { overview: Overview }) {
  const text = useText();
  const formats = useFormats();
  const day = overview.last_day;
  const hour = overview.last_hour;
  const time = (ms: number | null) => (ms === null ? "–" : formats.duration(ms));
  const failures = shareOf(hour.failed, hour.requests);
  return (
    <Tiles>
      <Tile
        label={text("overviewFirstTokenHalf")}
        value={time(hour.first_token_p50_ms)}
        note={text("overviewDayValue", { value: time(day.first_token_p50_ms) })}
      />
      <Tile
        label={text("overviewFirstTokenMost")}
        value={time(hour.first_token_p95_ms)}
        note={text("overviewDayValue", { value: time(day.first_token_p95_ms) })}
      />
      <Tile
        label={text("overviewFailed")}
        value={formats.number(hour.failed)}
        alarming={failures > 0.05}
        note={text("overviewDayValue", { value: formats.number(day.failed) })}
      />
      <Tile
        label={text("overviewRefused")}
        value={formats.number(hour.refused)}
        note={text("overviewDayValue", { value: formats.number(day.refused) })}
      />
      <Tile
        label={text("usageRequests")}
        value={formats.number(hour.requests)}
        note={text("overviewDayValue", { value: formats.number(day.requests) })}
      />
      <Tile
        label={text("usageTokens")}
        value={formats.number(hour.prompt_tokens + hour.completion_tokens)}
        note={text("overviewDayValue", { value: formats.number(day.prompt_tokens + day.completion_tokens) })}
      />
    </Tiles>
  );
}
