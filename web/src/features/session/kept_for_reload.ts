import type { User } from "@/lib/api_types";

const STORED = "covey.access";
const MARK_CHARACTERS = 12;

export interface Kept {
  token: string;
  user: User;
  /** When it has to be renewed, in ms. */
  renewAt: number;
}

/** The end of the refresh token that belongs to it: when that is another one now, somebody else may be logged in. */
const markOf = (refreshToken: string) => refreshToken.slice(-MARK_CHARACTERS);

/** Keep an access token for this tab, until it is closed. */
export function keepForReload(kept: Kept | null, refreshToken: string): void {
  try {
    if (kept === null) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, JSON.stringify({ ...kept, mark: markOf(refreshToken) }));
  } catch {
    // Without it, a reload renews the session as a new tab does.
  }
}

/** What was kept, if it belongs to this refresh token and is good for a while. */
export function keptForReload(refreshToken: string, now: number): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null") as (Kept & { mark: string }) | null;
    if (kept === null || kept.mark !== markOf(refreshToken) || !(kept.renewAt > now)) return null;
    return typeof kept.token === "string" && typeof kept.user?.id === "string" ? { token: kept.token, user: kept.user, renewAt: kept.renewAt } : null;
  } catch {
    return null;
  }
}
