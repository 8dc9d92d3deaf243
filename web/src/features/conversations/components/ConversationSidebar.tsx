import { mdiCompare, mdiPlus } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Tooltip from "@mui/material/Tooltip";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { ButtonLink } from "@/components/links";
import { Loading } from "@/components/Loading";
import { toast } from "@/components/toast";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import { setOpen } from "../activity";
import { changeInfo, deleteAllConversations, deleteConversations, duplicate, type InfoChange, readAllInfos } from "../api/conversation_queries";
import type { Row } from "../conversation_rows";
import { useConversationNews } from "../hooks/use_conversation_news";
import { useRows } from "../hooks/use_rows";
import { useTransfer } from "../hooks/use_transfer";
import { useSidebarStore } from "../sidebar_store";
import { ConversationList } from "./ConversationList";
import { type RowActions, RowMenu } from "./RowMenu";
import type { Asked } from "./SidebarDialogs";
import { ListMenu, SearchField, SelectionBar } from "./SidebarTools";

// Loaded when the first of them is asked for.
const SidebarDialogs = lazy(() => import("./SidebarDialogs"));

/** All conversations of the account: find one, keep them in order, take them in and out. */
export default function ConversationSidebar() {
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { conversationId } = useParams({ strict: false });
  const { rows, searching, list } = useRows();
  const { exportAs, importFile, tell } = useTransfer();
  const selected = useSidebarStore((state) => state.selected);
  const [menu, setMenu] = useState<{ info: ConversationInfo; rowKey: string; anchor: HTMLElement } | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  useConversationNews();
  useEffect(() => setOpen(conversationId ?? null), [conversationId]);

  const change = useCallback(
    (info: ConversationInfo, what: InfoChange) => void changeInfo(client, info, what).catch(tell),
    // What tells of errors is the same each time.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [client],
  );
  const rename = useCallback((info: ConversationInfo, title: string) => change(info, { title }), [change]);
  const openMenu = useCallback((info: ConversationInfo, rowKey: string, anchor: HTMLElement) => setMenu({ info, rowKey, anchor }), []);
  const remove = useCallback((infos: readonly ConversationInfo[]) => setAsked({ kind: "remove", infos }), []);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useMemo(
    () => (hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined),
    [hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  const leaveIfGone = (ids: ReadonlySet<string>) => {
    if (conversationId !== undefined && ids.has(conversationId)) void navigate({ to: "/" });
  };
  const removeAsked = async (infos: readonly ConversationInfo[]) => {
    const ids = infos.map((info) => info.id);
    await deleteConversations(client, ids);
    useSidebarStore.setState({ selected: null });
    leaveIfGone(new Set(ids));
    toast({ text: text("conversationsDeleted", { count: ids.length }) });
  };
  const actions: RowActions = {
    rename: () => menu && useSidebarStore.setState({ renaming: menu.rowKey }),
    pin: (info) => change(info, { pinned: !info.pinned }),
    move: (infos) => setAsked({ kind: "move", infos }),
    duplicate: (info) => {
      duplicate(client, info, text("conversationCopyOf", { title: info.title || text("conversationUntitled") }).slice(0, 200)).then(
        (copy) => void navigate({ to: "/c/$conversationId", params: { conversationId: copy.id } }),
        tell,
      );
    },
    exportAs: (ids, format) => void exportAs(ids, format),
    remove,
  };
  const chosen = selected === null ? [] : chosenOf(rows, selected);
  return (
    <>
      {selected === null ? (
        <>
          <Box sx={{ display: "flex", gap: 1, mx: 1.5, mb: 1 }}>
            <ButtonLink to="/" variant="outlined" startIcon={<Icon path={mdiPlus} />} sx={{ flex: 1 }}>
              {text("navNewChat")}
            </ButtonLink>
            <Tooltip title={text("compareTitle")} describeChild={false}>
              <ButtonLink to="/compare" variant="outlined" aria-label={text("compareTitle")} sx={{ minWidth: 0, px: 1.25 }}>
                <Icon path={mdiCompare} />
              </ButtonLink>
            </Tooltip>
          </Box>
          <Box sx={{ display: "flex", alignItems: "center", gap: 0.5, paddingInlineStart: 1.5, paddingInlineEnd: 1 }}>
            <SearchField />
            <ListMenu
              onImport={(file) => void importFile(file)}
              onExportAll={() => void readAllInfos().then((infos) => exportAs(infos.map((info) => info.id), "json"), tell)}
              onRemoveAll={() => setAsked({ kind: "removeAll" })}
            />
          </Box>
        </>
      ) : (
        <SelectionBar
          count={selected.size}
          onMove={() => setAsked({ kind: "move", infos: chosen })}
          onExport={() => void exportAs([...selected], "json")}
          onRemove={() => remove(chosen)}
        />
      )}
      {list.isError && list.data === undefined ? (
        <Box sx={{ p: 1.5 }}>
          <ErrorNotice error={list.error} retry={() => void list.refetch()} />
        </Box>
      ) : list.isPending ? (
        <Loading />
      ) : (
        <>
          {rows.length === 0 && (
            <Box role="status" sx={{ px: 2, py: 2, color: "text.secondary", fontSize: "0.9rem" }}>
              {text(searching ? "conversationsNoneFound" : "conversationsNone")}
            </Box>
          )}
          <ConversationList rows={rows} more={more} onMenu={openMenu} onRename={rename} onChange={change} onRemove={remove} />
        </>
      )}
      {list.isFetchNextPageError && (
        <Button color="inherit" onClick={() => void list.fetchNextPage()}>
          {text("tryAgain")}
        </Button>
      )}
      {menu !== null && <RowMenu info={menu.info} anchor={menu.anchor} actions={actions} onClose={() => setMenu(null)} />}
      {asked !== null && (
        <Suspense>
          <SidebarDialogs
            asked={asked}
            onClose={() => setAsked(null)}
            onMove={(infos, folder) => {
              infos.forEach((info) => info.folder !== folder && change(info, { folder }));
              useSidebarStore.setState({ selected: null });
            }}
            onRemove={removeAsked}
            onRemoveAll={async () => {
              const deleted = await deleteAllConversations(client);
              void navigate({ to: "/" });
              toast({ text: text("conversationsDeleted", { count: deleted }) });
            }}
          />
        </Suspense>
      )}
    </>
  );
}

function chosenOf(rows: readonly Row[], selected: ReadonlySet<string>): ConversationInfo[] {
  const found = new Map<string, ConversationInfo>();
  for (const row of rows) if (row.kind === "chat" && selected.has(row.info.id)) found.set(row.info.id, row.info);
  return [...found.values()];
}
