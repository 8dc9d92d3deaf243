import { mdiBrightness6, mdiCompare, mdiCubeOutline, mdiDownload, mdiKeyboardOutline, mdiLogout, mdiMessageOutline, mdiPlus, mdiTranslate } from "@mdi/js";
import { useColorScheme } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { accountPages, administrationPages } from "@/app/navigation";
import { searchConversations } from "@/features/conversations/api/conversation_queries";
import { useTransfer } from "@/features/conversations/hooks/use_transfer";
import { useModels } from "@/features/models/api/model_queries";
import { chatModels } from "@/features/models/model_choice";
import { usePreferredModel } from "@/features/models/hooks";
import { logOut } from "@/features/session/api/session_api";
import { leave, useSession } from "@/features/session/session";
import { chooseLocale, type Locale, LOCALES, useText } from "@/i18n/locale";
import { openPalette } from "../palette_state";
import type { Ranked } from "../fuzzy";
import { COMMAND, keyName } from "../shortcuts";

export interface PaletteItem extends Ranked {
  kind: "action" | "page" | "model" | "chat";
  icon: string;
  detail?: string;
  keys?: string;
  run: () => void;
}

/** Everything that does not depend on what is typed. */
export function usePaletteItems(): PaletteItem[] {
  const text = useText();
  const navigate = useNavigate();
  const { setMode } = useColorScheme();
  const administrator = useSession((state) => state.user?.role === "admin");
  const models = useModels();
  const { remember } = usePreferredModel();
  const { conversationId } = useParams({ strict: false });
  const { exportAs } = useTransfer();
  const pages = administrator ? [...accountPages, ...administrationPages] : accountPages;
  const schemes = [
    ["light", "themeLight"],
    ["dark", "themeDark"],
    ["system", "themeSystem"],
  ] as const;
  return [
    { id: "new", kind: "action", icon: mdiPlus, label: text("navNewChat"), keys: [COMMAND, "Shift", "O"].map((key) => keyName(key, text)).join(" "), run: () => void navigate({ to: "/" }) },
    { id: "compare", kind: "action", icon: mdiCompare, label: text("compareTitle"), run: () => void navigate({ to: "/compare" }) },
    ...(conversationId === undefined
      ? []
      : (["markdown", "json"] as const).map((format): PaletteItem => ({
          id: `export:${format}`,
          kind: "action",
          icon: mdiDownload,
          label: text(format === "json" ? "conversationExportJson" : "conversationExportMarkdown"),
          run: () => void exportAs([conversationId], format),
        }))),
    ...pages.map((page): PaletteItem => ({ id: `page:${page.to}`, kind: "page", icon: page.icon, label: text(page.label), run: () => void navigate({ to: page.to }) })),
    ...schemes.map(([scheme, label]): PaletteItem => ({
      id: `theme:${scheme}`,
      kind: "action",
      icon: mdiBrightness6,
      label: `${text("theme")}: ${text(label)}`,
      run: () => setMode(scheme),
    })),
    ...(Object.keys(LOCALES) as Locale[]).map((locale): PaletteItem => ({
      id: `language:${locale}`,
      kind: "action",
      icon: mdiTranslate,
      label: `${text("language")}: ${LOCALES[locale].name}`,
      words: locale,
      run: () => void chooseLocale(locale),
    })),
    { id: "shortcuts", kind: "action", icon: mdiKeyboardOutline, label: text("shortcutsTitle"), keys: "?", run: () => openPalette("sheet") },
    { id: "logout", kind: "action", icon: mdiLogout, label: text("logOut"), run: () => void logOut(false).finally(leave) },
    ...chatModels(models.data ?? [])
      .filter(({ model }) => model.state !== "unavailable")
      .map(({ model }): PaletteItem => ({
        id: `model:${model.name}`,
        kind: "model",
        icon: mdiCubeOutline,
        label: model.name,
        words: [text("model"), ...model.aliases].join(" "),
        run: () => {
          remember(model.name);
          void navigate({ to: "/" });
        },
      })),
  ];
}

/** Conversations that hold what is typed, found by the service in their titles and messages. */
export function useFoundChats(query: string): { items: PaletteItem[]; searching: boolean } {
  const text = useText();
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["palette-chats", query],
    queryFn: () => searchConversations(query, 8),
    placeholderData: (before) => before,
    staleTime: 5_000,
  });
  const items = (found.data?.items ?? []).map((info): PaletteItem => {
    const match = found.data?.matches[info.id];
    return {
      id: `chat:${info.id}`,
      kind: "chat",
      icon: mdiMessageOutline,
      label: info.title || text("conversationUntitled"),
      ...(match?.message_id && { detail: match.snippet }),
      run: () => void navigate({ to: "/c/$conversationId", params: { conversationId: info.id }, search: match?.message_id ? { message: match.message_id } : {} }),
    };
  });
  return { items, searching: found.isFetching };
}
