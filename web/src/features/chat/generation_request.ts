import type { ChatMessage, Generate, Sampling } from "@/lib/api_types";

/** What a conversation's settings say about its answers, as they are stored with it. */
export interface ChatSettings {
  system_prompt?: string;
  sampling?: Partial<Sampling>;
  reasoning_effort?: string | null;
}

/** The part of a generation that is the same for every question of a conversation. */
export function requestFor(model: string, settings: ChatSettings): Generate & { messages: ChatMessage[] } {
  const prompt = settings.system_prompt?.trim();
  return {
    model,
    messages: prompt ? [{ role: "system", content: prompt } as ChatMessage] : [],
    ...(settings.sampling && { sampling: settings.sampling as Sampling }),
    ...(settings.reasoning_effort && { reasoning_effort: settings.reasoning_effort }),
  } as Generate & { messages: ChatMessage[] };
}
