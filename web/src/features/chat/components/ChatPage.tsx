import { mdiCodeTags } from "@mdi/js";
import Box from "@mui/material/Box";
import { useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { IconAction } from "@/components/IconAction";
import { ButtonLink } from "@/components/links";
import { Loading } from "@/components/Loading";
import { usePageTitle } from "@/components/page_title";
import { ContentNotice } from "@/features/content/components/ContentNotice";
import type { ConversationSettings } from "@/features/parameters/settings";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { ChatMessage, StoredMessage } from "@/lib/api_types";
import { MEASURE } from "@/theme/tokens";
import { changeDraft, useDraft } from "../drafts";
import { type ChatRequest, requestFor } from "../generation_request";
import { useChat } from "../hooks/use_chat";
import { useChatActions } from "../hooks/use_chat_actions";
import { useChatKeys } from "../hooks/use_chat_keys";
import { useContextUsed } from "../hooks/use_context_used";
import { useFound } from "../hooks/use_found";
import { useStable } from "../hooks/use_stable";
import { textOf } from "../message_text";
import { AnswerAnnouncer } from "./AnswerAnnouncer";
import { ChatHeader } from "./ChatHeader";
import { Composer } from "./Composer";
import { EmptyChat } from "./EmptyChat";

// A new chat needs none of these; they are loaded while its first question is written.
const loadList = () => import("./MessageList");
const MessageList = lazy(() => loadList().then((loaded) => ({ default: loaded.MessageList })));
const RemoveBranchDialog = lazy(() => import("./RemoveBranchDialog").then((loaded) => ({ default: loaded.RemoveBranchDialog })));
const ViewCodeDialog = lazy(() => import("@/features/code/components/ViewCode").then((loaded) => ({ default: loaded.ViewCodeDialog })));
const SettingsDrawer = lazy(() => import("./SettingsDrawer"));

export function ChatPage() {
  const { conversationId } = useParams({ strict: false });
  const { message } = useSearch({ strict: false });
  // What belongs to one chat, for example which message is edited, is never carried over to another.
  return <Chat key={conversationId ?? ""} conversationId={conversationId} found={message} />;
}

function Chat({ conversationId, found }: { conversationId: string | undefined; found: string | undefined }) {
  const text = useText();
  const input = useRef<HTMLTextAreaElement>(null);
  const chat = useChat(conversationId);
  const { conversation, models, catalogue, model, settings, path, busy, draftKey } = chat;
  const [settingsOpen, setSettingsOpen] = useState(false);
  const [codeOpen, setCodeOpen] = useState(false);
  const [removing, setRemoving] = useState<StoredMessage | null>(null);
  const actions = useChatActions({
    conversationId: conversationId ?? "",
    model,
    settings,
    tree: path.tree,
    onRemove: setRemoving,
    onError: chat.tell,
  });
  // What is not there cannot be asked anything.
  const missing = conversation.data === undefined && conversation.error !== null && asApiError(conversation.error).code === "not_found";
  const draft = useDraft(draftKey);
  useFound(conversationId, path, found);
  usePageTitle(conversation.data?.info.title ?? "");
  
  useEffect(() => {
    // Should it not come, the list itself asks for it again and tells.
    loadList().catch(() => {});
  }, []);
  useEffect(() => {
    // On a phone the keyboard would cover what there is to read.
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, []);
  const suggest = useStable((suggestion: string) => {
    changeDraft(draftKey, { text: suggestion });
    void chat.send();
  });
  const send = useStable(() => void chat.send());
  const stop = useStable(chat.stop);
  const onModel = useStable((name: string) => chat.change({ model: name }));
  const openSettings = useStable(() => setSettingsOpen(true));
  const openCode = useStable(() => setCodeOpen(true));
  // With each letter that is written this page is drawn; what stays the same in it is not.
  const codeButton = useMemo(() => model !== null && <IconAction path={mdiCodeTags} label={text("codeTitle")} onClick={openCode} />, [model, openCode, text]);
  useChatKeys(input, busy, stop);
  const recall = useStable(recallLast);
  const used = useContextUsed(path.shown, draft.text, busy);
  return (
    <Box sx={{ height: "100%", display: "flex", flexDirection: "column" }}>
      <ChatHeader
        title={conversation.data?.info.title ?? null}
        model={model}
        settings={settings}
        onModel={onModel}
        onSettings={openSettings}
        settingsOpen={settingsOpen}
      >
        {codeButton}
      </ChatHeader>
      {codeOpen && model !== null && (
        <Suspense>
          <ViewCodeDialog
            request={asCode(model, settings, path.shown.map((each) => each.message), draft.text)}
            onClose={() => setCodeOpen(false)}
          />
        </Suspense>
      )}
      {conversationId !== undefined && conversation.isPending ? (
        <Loading />
      ) : conversation.isError && conversation.data === undefined ? (
        <Box sx={{ flex: 1, p: 3 }}>
          <ErrorNotice error={conversation.error} retry={missing ? undefined : () => void conversation.refetch()}>
            {missing && (
              <ButtonLink to="/" variant="outlined" color="inherit" size="small" sx={{ mt: 1.5 }}>
                {text("navNewChat")}
              </ButtonLink>
            )}
          </ErrorNotice>
        </Box>
      ) : conversationId === undefined || path.shown.length === 0 ? (
        models.isPending ? <Loading /> : <EmptyChat model={model} onSuggestion={suggest} />
      ) : (
        <Suspense fallback={<Loading />}>
          <MessageList shown={path.shown} busy={busy} actions={actions} conversationId={conversationId} found={found} />
        </Suspense>
      )}
      <AnswerAnnouncer conversationId={conversationId} />
      {!missing && (
        <Composer
          draftKey={draftKey}
          input={input}
          vision={catalogue?.model.capabilities.includes("vision") ?? false}
          running={busy}
          ready={model !== null}
          onSend={send}
          onStop={stop}
          onRecall={recall}
          used={used}
          contextLength={catalogue?.model.context_length ?? null}
        />
      )}
      <ContentNotice sx={{ width: "100%", maxWidth: MEASURE, mx: "auto", px: { xs: 2, md: 1 }, pb: 1.25, mt: -0.5 }} />
      <Suspense>
        {settingsOpen && (
          <SettingsDrawer
            open
            onClose={() => setSettingsOpen(false)}
            settings={settings}
            onChange={(changed) => chat.change({ settings: changed })}
            model={model}
          />
        )}
      </Suspense>
      {conversationId !== undefined && removing !== null && (
        <Suspense>
          <RemoveBranchDialog conversationId={conversationId} tree={path.tree} message={removing} onClose={() => setRemoving(null)} />
        </Suspense>
      )}
    </Box>
  );

  function recallLast() {
    const buttons = document.querySelectorAll<HTMLButtonElement>(`button[aria-label="${CSS.escape(text("questionEdit"))}"]`);
    buttons[buttons.length - 1]?.click();
  }
}

/** The next request of a chat as programs would make it: with what was said, and the draft or else the last question. */
function asCode(model: string, settings: ConversationSettings, shown: StoredMessage[], draft: string): ChatRequest {
  const request = requestFor(model, settings);
  const said = shown.map(({ message }) => ({ role: message.role, content: textOf(message.content) }) as ChatMessage);
  const asked = draft.trim() ? [...said, { role: "user", content: draft } as ChatMessage] : said;
  const last = asked.findLastIndex((message) => message.role === "user");
  return { ...request, messages: [...request.messages, ...asked.slice(0, last + 1)] };
}
