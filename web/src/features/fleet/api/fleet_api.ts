import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, authorizedFetch } from "@/lib/api";
import { errorOf } from "@/lib/api_error";
import type { Complete } from "@/lib/complete";
import type { components } from "@/lib/schema";
import type { PullProgress } from "@/lib/api_types";

export const modelsQuery = queryOptions({
  queryKey: ["models", "all"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/models"))).items,
  refetchInterval: 5_000,
});

export function modelQuery(name: string) {
  return queryOptions({
    queryKey: ["models", "one", name],
    queryFn: () => answerOf(api.GET("/covey/v1/models/{model}", { params: { path: { model: name } } })),
  });
}

export function removeModel(name: string) {
  return answerOf(api.DELETE("/covey/v1/models/{model}", { params: { path: { model: name } } }));
}

export const nodesQuery = queryOptions({
  queryKey: ["nodes"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/nodes"))).items,
  refetchInterval: 2_000,
});

/** Take the node's processors out of service: they finish what they have and take nothing new. */
export function drainNode(node: string) {
  return answerOf(api.POST("/covey/v1/nodes/{node}/drain", { params: { path: { node } } }));
}

export function resumeNode(node: string) {
  return answerOf(api.POST("/covey/v1/nodes/{node}/resume", { params: { path: { node } } }));
}

export const runningQuery = queryOptions({
  queryKey: ["running"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/running"))).items,
  refetchInterval: 2_000,
});

/** Models that can be fetched by their name. */
export const catalogueQuery = queryOptions({
  queryKey: ["models", "catalogue"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/catalogue"))).items,
});

/** What is being fetched now, whoever began it. */
export const pullsQuery = queryOptions({
  queryKey: ["pulls"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/pulls"))).items,
  refetchInterval: 2_000,
});

/** Stop a download; what has arrived is kept for the next time. */
export function cancelPull(pullId: string) {
  return answerOf(api.DELETE("/covey/v1/pulls/{pull_id}", { params: { path: { pull_id: pullId } } }));
}

export interface Pull {
  model: string;
  sha256: string | null;
  name: string | null;
}

/** Gets a model; tells how far it is. It goes on when `signal` is aborted or the page is closed. */
export async function pullModel(pull: Pull, onProgress: (step: PullProgress) => void, signal: AbortSignal): Promise<void> {
  const response = await authorizedFetch(
    new Request(`${location.origin}/covey/v1/models/pull`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...pull, detached: true }),
      signal,
    }),
  );
  if (!response.ok || response.body === null) throw errorOf(await response.json().catch(() => null), response);
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") readLine(line, response, onProgress);
  }
}

function readLine(line: string, response: Response, onProgress: (step: PullProgress) => void): void {
  const said = JSON.parse(line) as PullProgress | { error: unknown };
  if ("error" in said) throw errorOf(said.error, response);
  onProgress(said);
}

export type ModelSettings = Complete<components["schemas"]["ModelSettings"]>;

export function modelSettingsQuery(name: string) {
  return queryOptions({
    queryKey: ["models", "settings", name],
    queryFn: () => answerOf(api.GET("/covey/v1/models/{model}/settings", { params: { path: { model: name } } })),
  });
}

/** Replaces everything that was decided about the model. */
export function saveModelSettings({ model, aliases, sampling, system_prompt, description, hidden, access }: ModelSettings) {
  const body = { aliases, sampling, system_prompt, description, hidden, access };
  return answerOf(api.PUT("/covey/v1/models/{model}/settings", { params: { path: { model } }, body }));
}
