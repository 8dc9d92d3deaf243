import type { ConversationSettings } from "@/features/parameters/settings";
import type { ChatMessage, Generate, Sampling } from "@/lib/api_types";

export interface ChatRequest extends Generate {
  messages: ChatMessage[];
}

/** The part of a generation that is the same for every question of a conversation. */
export function requestFor(model: string, settings: ConversationSettings): ChatRequest {
  const prompt = settings.system_prompt?.trim();
  const { sampling, reasoning_effort: effort, response_format: format } = settings;
  const request = {
    model,
    messages: prompt ? [{ role: "system", content: prompt } as ChatMessage] : [],
    ...(sampling && { sampling: sampling as Sampling }),
    ...(effort && { reasoning_effort: effort }),
    ...(format && { response_format: format }),
  };
  return request as ChatRequest;
}
