import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, answerOf } from "@/lib/api";

/** What a person prefers, kept by the service for all their browsers. Each feature reads its own entry with care. */
export type Preferences = Record<string, unknown>;

export const preferencesKey = ["preferences"] as const;
const NONE: Preferences = {};

async function readPreferences(): Promise<Preferences> {
  const { values } = await answerOf(api.GET("/covey/v1/preferences"));
  return values as Preferences;
}

let queue: Promise<unknown> = Promise.resolve();

/**
 * Change some entries; undefined removes one. Shown at once, taken back when the service refuses. One change after
 * another, and each on top of what is stored then, so that two tabs do not undo each other's entries.
 */
export async function changePreferences(
  client: QueryClient,
  change: (values: Preferences) => Preferences,
): Promise<void> {
  const shown = client.getQueryData<Preferences>(preferencesKey);
  if (shown !== undefined) client.setQueryData(preferencesKey, { ...shown, ...change(shown) });
  const work = queue.then(async () => {
    const stored = await readPreferences();
    const values = JSON.parse(JSON.stringify({ ...stored, ...change(stored) })) as Preferences;
    await answerOf(api.PUT("/covey/v1/preferences", { body: { values } as never }));
    client.setQueryData(preferencesKey, values);
  });
  queue = work.catch(() => undefined);
  try {
    await work;
  } catch (error) {
    if (shown !== undefined) client.setQueryData(preferencesKey, shown);
    throw error;
  }
}

export function usePreferences() {
  const client = useQueryClient();
  const query = useQuery({ queryKey: preferencesKey, queryFn: readPreferences, staleTime: 60_000 });
  const change = useCallback(
    (work: (values: Preferences) => Preferences) => changePreferences(client, work),
    [client],
  );
  return { values: query.data ?? NONE, loaded: query.data !== undefined, change };
}
