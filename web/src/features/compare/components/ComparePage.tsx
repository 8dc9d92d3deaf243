import { mdiPlus, mdiRestart } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import type { Theme } from "@mui/material/styles";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Icon } from "@/components/Icon";
import { usePageTitle } from "@/components/page_title";
import { toast } from "@/components/toast";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { ContentNotice } from "@/features/content/components/ContentNotice";
import { showInfo } from "@/features/conversations/api/conversation_queries";
import { useGenerations } from "@/features/chat/generation_store";
import { useModels } from "@/features/models/api/model_queries";
import { chatModels } from "@/features/models/model_choice";
import { usePreferredModel } from "@/features/models/hooks";
import { adviceFor } from "@/i18n/errors";
import { useText } from "@/i18n/locale";
import { answerOf, api } from "@/lib/api";
import { asApiError } from "@/lib/api_error";
import { asConversation, LEAST_COLUMNS, modelsIn, MOST_COLUMNS, runningIn } from "../columns";
import { addColumn, chooseModels, startOver, stop, useCompare } from "../compare_store";
import { CompareColumn } from "./CompareColumn";
import { CompareComposer } from "./CompareComposer";
import { CompareSettings } from "./CompareSettings";

/** Several models answer the same question side by side. */
export function ComparePage() {
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("md"), { noSsr: true });
  const { columns, turns, settings } = useCompare();
  const [settingsOf, setSettingsOf] = useState<string | null>(null);
  const [shown, setShown] = useState(0);
  usePageTitle(text("compareTitle"));
  useAddress();
  // One text of what runs: the page itself is not drawn anew with each piece of an answer.
  const running = useGenerations((state) => columns.filter(({ key }) => runningIn(turns, key, state.answers).length > 0).map(({ key }) => key).join(" "));
  const tell = (error: unknown) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title });
  const goOn = async (key: string) => {
    const column = columns.find((each) => each.key === key);
    const messages = asConversation(turns, key, useGenerations.getState().answers);
    try {
      const body = { model: column?.model, settings: column?.settings ?? settings, messages, active_leaf: messages.at(-1)?.id };
      const created = await answerOf(api.POST("/covey/v1/conversations", { body: body as never }));
      client.setQueryData(["conversation", created.info.id], created);
      showInfo(client, created.info);
      void navigate({ to: "/c/$conversationId", params: { conversationId: created.info.id } });
    } catch (error) {
      tell(error);
    }
  };
  const visible = narrow ? columns.slice(Math.min(shown, columns.length - 1)).slice(0, 1) : columns;
  return (
    <Box sx={{ height: "100%", display: "flex", flexDirection: "column" }}>
      <Box component="header" sx={{ display: "flex", alignItems: "center", gap: 1, px: { xs: 2, md: 3 }, minHeight: 52, borderBottom: 1, borderColor: "divider" }}>
        <Box component="h1" sx={{ m: 0, fontSize: "0.95rem", fontWeight: 600, flex: 1 }}>
          {text("compareTitle")}
        </Box>
        {turns.length > 0 && (
          <Button size="small" color="inherit" startIcon={<Icon path={mdiRestart} />} onClick={startOver}>
            {text("compareAnew")}
          </Button>
        )}
        {columns.length < MOST_COLUMNS && (
          <Button
            size="small"
            color="inherit"
            startIcon={<Icon path={mdiPlus} />}
            onClick={() => {
              addColumn(null);
              setShown(columns.length);
            }}
          >
            {text("compareAdd")}
          </Button>
        )}
      </Box>
      {narrow && (
        <Tabs value={Math.min(shown, columns.length - 1)} onChange={(_, next: number) => setShown(next)} variant="scrollable" aria-label={text("compareTitle")}>
          {columns.map((column, index) => (
            <Tab key={column.key} value={index} label={<bdi>{column.model ?? text("compareColumn", { number: index + 1 })}</bdi>} sx={{ textTransform: "none", maxWidth: 180 }} />
          ))}
        </Tabs>
      )}
      <Box
        role={narrow ? "tabpanel" : undefined}
        aria-label={narrow ? (visible[0]?.model ?? text("compareTitle")) : undefined}
        sx={{ flex: 1, minHeight: 0, display: "grid", gridTemplateColumns: `repeat(${visible.length}, minmax(0, 1fr))`, gridTemplateRows: "minmax(0, 1fr)", "& > * + *": { borderInlineStart: "1px solid var(--mui-palette-divider)" } }}
      >
        {visible.map((column) => (
          <CompareColumn
            key={column.key}
            column={column}
            number={columns.indexOf(column) + 1}
            turns={turns}
            removable={columns.length > LEAST_COLUMNS}
            running={running.split(" ").includes(column.key)}
            onStop={() => stop(column.key, tell)}
            onSettings={() => setSettingsOf(column.key)}
            onGoOn={turns.length > 0 && !running.split(" ").includes(column.key) ? () => void goOn(column.key) : undefined}
          />
        ))}
      </Box>
      <VisuallyHidden>
        <span role="status">{turns.length > 0 && running === "" ? text("compareDone") : ""}</span>
      </VisuallyHidden>
      <CompareComposer running={running !== ""} ready={columns.length > 0 && columns.every((column) => column.model !== null)} onStop={() => stop(null, tell)} />
      <ContentNotice sx={{ width: "100%", maxWidth: "60rem", mx: "auto", px: 2, pb: 1.25 }} />
      {settingsOf !== null && <CompareSettings columnKey={settingsOf} onClose={() => setSettingsOf(null)} />}
    </Box>
  );
}

/** Takes models and question from the address, and keeps the models in it, so that it can be handed on. */
function useAddress(): void {
  const navigate = useNavigate();
  const search = useSearch({ strict: false });
  const models = useModels();
  const { model: preferred } = usePreferredModel();
  const columns = useCompare((state) => state.columns);
  const named = columns.map((column) => column.model).filter(Boolean).join(",");
  useEffect(() => {
    if (search.q) useCompare.setState(({ draft }) => ({ draft: draft || (search.q ?? "") }));
  }, [search.q]);
  useEffect(() => {
    if (useCompare.getState().columns.length > 0 || models.data === undefined || preferred === null) return;
    const able = chatModels(models.data).filter(({ model }) => model.state !== "unavailable");
    const other = able.find(({ model }) => model.name !== preferred)?.model.name ?? null;
    const wanted = modelsIn(search.models);
    chooseModels(wanted.length > 0 ? wanted : [preferred, other]);
  }, [models.data, preferred, search.models]);
  useEffect(() => {
    if (named !== "" && named !== search.models) void navigate({ to: "/compare", search: { models: named }, replace: true });
  }, [named, search.models, navigate]);
}
