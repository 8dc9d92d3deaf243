import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import { ApiError } from "@/lib/api_error";
import type { Conversation, ConversationInfo } from "@/lib/api_types";

/** The list of conversations in the side bar is under the first part of its key. */
export const conversationsKey = ["conversations"] as const;
export const conversationKey = (id: string) => ["conversation", id] as const;

export async function readConversation(id: string): Promise<Conversation> {
  return answerOf(api.GET("/covey/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }));
}

export function useConversation(id: string | undefined) {
  return useQuery({
    queryKey: conversationKey(id ?? ""),
    queryFn: () => readConversation(id ?? ""),
    enabled: id !== undefined,
    // Changes are told over the live connection; this is for what it has missed.
    staleTime: 60_000,
  });
}

export async function createConversation(model: string, settings: Record<string, unknown>): Promise<Conversation> {
  return answerOf(api.POST("/covey/v1/conversations", { body: { model, settings } as never }));
}

/** Change a conversation's record; what is shown changes at once, and back when the service refuses. */
export async function changeConversation(
  client: QueryClient,
  id: string,
  change: { model?: string; settings?: Record<string, unknown>; active_leaf?: string },
): Promise<void> {
  const key = conversationKey(id);
  const before = client.getQueryData<Conversation>(key);
  const { settings, ...info } = change;
  client.setQueryData<Conversation>(key, (shown) =>
    shown && { ...shown, settings: (settings ?? shown.settings) as Conversation["settings"], info: { ...shown.info, ...info } },
  );
  try {
    const changed: ConversationInfo = await answerOf(
      api.PATCH("/covey/v1/conversations/{conversation_id}", {
        params: { path: { conversation_id: id } },
        body: change as never,
      }),
    );
    client.setQueryData<Conversation>(key, (shown) => shown && { ...shown, info: changed });
  } catch (error) {
    client.setQueryData<Conversation>(key, (shown) => shown && before && { ...shown, settings: before.settings, info: before.info });
    throw error;
  }
}

/** A new conversation with the messages down to one of them. */
export async function forkConversation(id: string, messageId: string): Promise<Conversation> {
  return answerOf(
    api.POST("/covey/v1/conversations/{conversation_id}/fork", {
      params: { path: { conversation_id: id } },
      body: { message_id: messageId } as never,
    }),
  );
}

export async function deleteConversation(id: string): Promise<void> {
  await answerOf(api.DELETE("/covey/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }));
}

/** Delete a message and everything below it. */
export async function deleteBranch(id: string, messageId: string): Promise<ConversationInfo> {
  return answerOf(
    api.DELETE("/covey/v1/conversations/{conversation_id}/messages/{message_id}", {
      params: { path: { conversation_id: id, message_id: messageId } },
    }),
  );
}

const ATTACHMENT = "covey-attachment:";

/** Keep a picture with a conversation. Answers the name under which messages refer to it. */
export async function keepPicture(id: string, url: string): Promise<string> {
  const kept = await answerOf(
    api.POST("/covey/v1/conversations/{conversation_id}/attachments", {
      params: { path: { conversation_id: id } },
      body: { url } as never,
    }),
  );
  return ATTACHMENT + kept.id;
}

/** A picture as a `data:` address, whether the message holds it or the service keeps it. */
export function usePicture(conversationId: string | undefined, url: string) {
  const kept = url.startsWith(ATTACHMENT);
  return useQuery({
    queryKey: ["picture", conversationId, url],
    queryFn: async () => {
      const found = await answerOf(
        api.GET("/covey/v1/conversations/{conversation_id}/attachments/{attachment_id}", {
          params: { path: { conversation_id: conversationId ?? "", attachment_id: url.slice(ATTACHMENT.length) } },
        }),
      );
      if (!/^data:image\/(png|jpeg|webp|gif);base64,/.test(found.url)) throw new ApiError("unreadable_answer", "");
      return found.url;
    },
    enabled: kept && conversationId !== undefined,
    // A picture never changes.
    staleTime: Infinity,
    ...(kept ? {} : { initialData: url }),
  });
}
