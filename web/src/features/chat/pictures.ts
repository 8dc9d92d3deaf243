import type { ChatMessage } from "@/lib/api_types";
import { keepPicture } from "./api/chat_queries";

/** The content with its pictures kept by the service: several of them would not fit one frame of the live connection. */
export async function withKeptPictures(conversationId: string, content: ChatMessage["content"]): Promise<ChatMessage["content"]> {
  if (!Array.isArray(content)) return content;
  return Promise.all(
    content.map(async (part) =>
      part.type === "image_url" && part.image_url.url.startsWith("data:")
        ? { ...part, image_url: { ...part.image_url, url: await keepPicture(conversationId, part.image_url.url) } }
        : part,
    ),
  );
}
