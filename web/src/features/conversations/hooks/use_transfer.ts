import { useQueryClient } from "@tanstack/react-query";
import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { type MessageKey, useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { Labels } from "../export_formats";
import type { ImportProblem } from "../import_formats";

const loadParts = () => import("../transfer_parts");

const PROBLEMS: Record<ImportProblem, MessageKey> = {
  notJson: "importNotJson",
  unknownFormat: "importUnknownFormat",
  newerVersion: "importNewerVersion",
  empty: "importEmpty",
};
const LARGEST_FILE_BYTES = 256_000_000;

/** Conversations out of Covey as files, and into it. */
export function useTransfer() {
  const text = useText();
  const client = useQueryClient();
  const labels: Labels = {
    untitled: text("conversationUntitled"),
    you: text("exportYou"),
    system: text("exportSystem"),
    tool: text("exportTool"),
    reasoning: text("exportReasoning"),
    picture: text("exportPicture"),
  };
  const tell = (error: unknown) => toast({ severity: "error", text: adviceFor(asApiError(error), text).title });

  const exportAs = async (ids: readonly string[], format: "json" | "markdown") => {
    try {
      if (ids.length > 20) toast({ severity: "info", text: text("exportBegun", { count: ids.length }) });
      const { asJson, asMarkdown, download, fileName, readWhole } = await loadParts();
      const whole = await readWhole(ids);
      const title = whole.length === 1 ? (whole[0]?.info.title ?? "") : `covey-${new Date().toISOString().slice(0, 10)}`;
      if (format === "json") download(fileName(title, "json"), asJson(whole, new Date()), "application/json");
      else download(fileName(title, "md"), whole.map((each) => asMarkdown(each, labels)).join("\n---\n\n"), "text/markdown");
    } catch (error) {
      tell(error);
    }
  };

  const importFile = async (file: File) => {
    const parts = await loadParts().catch(tell);
    if (!parts) return;
    const { importAll, ImportError, readImport } = parts;
    try {
      if (file.size > LARGEST_FILE_BYTES) return toast({ severity: "error", text: text("importTooLarge") });
      const conversations = readImport(await file.text());
      if (conversations.length > 5) toast({ severity: "info", text: text("importBegun", { count: conversations.length }) });
      const { taken, refused, reason } = await importAll(client, conversations);
      if (taken > 0) toast({ text: text("importDone", { count: taken }) });
      if (refused > 0) {
        const why = asApiError(reason);
        toast({ severity: "error", text: text("importRefused", { count: refused, reason: why.message || adviceFor(why, text).title }) });
      }
    } catch (error) {
      if (error instanceof ImportError) toast({ severity: "error", text: text(PROBLEMS[error.problem]) });
      else tell(error);
    }
  };

  return { exportAs, importFile, tell };
}
