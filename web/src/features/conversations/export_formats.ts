import { textOf } from "@/features/chat/message_text";
import { pathTo, treeOf } from "@/features/chat/message_tree";
import type { Conversation } from "@/lib/api_types";

export const FORMAT = "covey.conversations";
export const VERSION = 1;

/** Conversations as a file that can be imported again, every branch among them. Pictures are `data:` addresses. */
export function asJson(conversations: readonly Conversation[], exportedAt: Date): string {
  const file = {
    format: FORMAT,
    version: VERSION,
    exported_at: exportedAt.toISOString(),
    conversations: conversations.map(({ info, settings, messages }) => ({
      title: info.title,
      folder: info.folder,
      pinned: info.pinned,
      model: info.model,
      created_at: info.created_at,
      active_leaf: info.active_leaf,
      settings,
      messages,
    })),
  };
  return JSON.stringify(file, null, 2);
}

export interface Labels {
  untitled: string;
  you: string;
  system: string;
  tool: string;
  reasoning: string;
  picture: string;
}

/** The branch that is shown, to be read by people. */
export function asMarkdown({ info, messages, settings }: Conversation, labels: Labels): string {
  const parts = [`# ${oneLine(info.title) || labels.untitled}`];
  const prompt: unknown = (settings as Record<string, unknown>).system_prompt;
  if (typeof prompt === "string" && prompt.trim()) parts.push(`## ${labels.system}`, prompt.trim());
  for (const { message, model } of pathTo(treeOf(messages), info.active_leaf)) {
    const names: Record<string, string> = { user: labels.you, system: labels.system, tool: labels.tool };
    parts.push(`## ${names[message.role] ?? oneLine(model ?? "")}`);
    if (message.reasoning) parts.push(`<details><summary>${labels.reasoning}</summary>\n\n${escaped(message.reasoning)}\n\n</details>`);
    const pictures = Array.isArray(message.content) ? message.content.filter((part) => part.type === "image_url").length : 0;
    for (let count = 0; count < pictures; count += 1) parts.push(`_[${labels.picture}]_`);
    const said = textOf(message.content).trim();
    if (said) parts.push(said);
    for (const call of message.tool_calls) parts.push(`\`${call.function.name}(${call.function.arguments.replace(/`/g, "'")})\``);
  }
  return `${parts.join("\n\n")}\n`;
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();
const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** A name for a file that every system takes, out of any title. */
export function fileName(title: string, extension: string): string {
  const plain = [...title.normalize("NFC")]
    .map((character) => (/[\p{L}\p{N}_ .-]/u.test(character) ? character : " "))
    .join("")
    .replace(/\s+/g, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
  // Some systems keep these names for devices.
  const safe = /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(plain) ? `chat-${plain}` : plain;
  return `${[...safe].slice(0, 60).join("") || "chat"}.${extension}`;
}
