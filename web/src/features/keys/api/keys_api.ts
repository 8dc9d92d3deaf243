import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { Scope } from "@/lib/api_types";

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/keys"))).items,
});

export interface NewKey {
  name: string;
  scopes: Scope[];
  /** null: all models. */
  models: string[] | null;
  /** null: never. */
  expiresInS: number | null;
}

export function createKey(wanted: NewKey) {
  const body = { name: wanted.name, scopes: wanted.scopes, models: wanted.models, expires_in_s: wanted.expiresInS };
  return answerOf(api.POST("/covey/v1/keys", { body }));
}

export function revokeKey(keyId: string) {
  return answerOf(api.DELETE("/covey/v1/keys/{key_id}", { params: { path: { key_id: keyId } } }));
}

/** Asks for the models with the new key, as a program would. True when the key works. */
export async function tryKey(secret: string): Promise<boolean> {
  const answer = await fetch("/v1/models", { headers: { authorization: `Bearer ${secret}` } });
  return answer.ok;
}

export const modelNamesQuery = queryOptions({
  queryKey: ["models", "names"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/models"))).items.map(({ model }) => model.name),
});
