import { type QueryClient } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { Conversation } from "@/lib/api_types";
import { conversationsKey, foldersKey } from "./conversation_queries";
import type { ImportedConversation } from "../import_formats";

const KEPT = /^covey-attachment:(.+)$/;
const AT_ONCE = 4;

/** Some conversations with their messages, each picture in its place. */
export async function readWhole(ids: readonly string[], onProgress?: (done: number) => void): Promise<Conversation[]> {
  const found: Conversation[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    found.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(readOne))));
    onProgress?.(found.length);
  }
  return found;
}

async function readOne(id: string): Promise<Conversation> {
  const conversation = await answerOf(
    api.GET("/covey/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }),
  );
  const messages = await Promise.all(conversation.messages.map((message) => withPictures(id, message)));
  return { ...conversation, messages };
}

async function withPictures(id: string, stored: Conversation["messages"][number]): Promise<Conversation["messages"][number]> {
  const { content } = stored.message;
  if (!Array.isArray(content)) return stored;
  const parts = await Promise.all(
    content.map(async (part) => {
      const kept = part.type === "image_url" ? KEPT.exec(part.image_url.url)?.[1] : undefined;
      if (part.type !== "image_url" || kept === undefined) return part;
      const picture = await answerOf(
        api.GET("/covey/v1/conversations/{conversation_id}/attachments/{attachment_id}", {
          params: { path: { conversation_id: id, attachment_id: kept } },
        }),
      );
      return { ...part, image_url: { ...part.image_url, url: picture.url } };
    }),
  );
  return { ...stored, message: { ...stored.message, content: parts } };
}

/** Creates conversations one after another. What was refused is counted, with the first reason. */
export async function importAll(
  client: QueryClient,
  conversations: readonly ImportedConversation[],
): Promise<{ taken: number; refused: number; reason: unknown }> {
  let taken = 0;
  let reason: unknown = null;
  for (const conversation of conversations) {
    try {
      await answerOf(api.POST("/covey/v1/conversations", { body: conversation as never }));
      taken += 1;
    } catch (error) {
      reason ??= error;
    }
  }
  void client.invalidateQueries({ queryKey: conversationsKey });
  void client.invalidateQueries({ queryKey: foldersKey });
  return { taken, refused: conversations.length - taken, reason };
}

/** Offers a text as a file. */
export function download(name: string, content: string, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
