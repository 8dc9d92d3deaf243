import { useSession } from "@/features/session/session";
import { readJson, writeStored } from "@/lib/storage";

const STORED = "covey.palette";
const MOST_KEPT = 8;

/** What this account has chosen lately in this browser, the last first. */
export function recentIds(): string[] {
  const stored = readJson<{ user: string; ids: string[] }>(STORED);
  if (stored === null || stored.user !== useSession.getState().user?.id || !Array.isArray(stored.ids)) return [];
  return stored.ids.filter((id) => typeof id === "string");
}

export function noteRecent(id: string): void {
  const user = useSession.getState().user?.id;
  if (user === undefined) return;
  const ids = [id, ...recentIds().filter((each) => each !== id)].slice(0, MOST_KEPT);
  writeStored(STORED, JSON.stringify({ user, ids }));
}
