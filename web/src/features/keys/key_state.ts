import type { KeyInfo } from "@/lib/api_types";

export type KeyState = "active" | "expired" | "revoked";

export function keyState(key: KeyInfo, nowS: number): KeyState {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && key.expires_at <= nowS ? "expired" : "active";
}

const DAY_S = 86_400;

/** How long a new key may live: what is offered, in seconds; null is for ever. */
export const LIFETIMES = { "7": 7 * DAY_S, "30": 30 * DAY_S, "90": 90 * DAY_S, "365": 365 * DAY_S, never: null } as const;
export type Lifetime = keyof typeof LIFETIMES | "date";

/** Seconds until the end of a day given as `2026-12-31`, in the browser's time zone; null when that is no day to come. */
export function secondsUntil(day: string, now: Date): number | null {
  const end = new Date(`${day}T23:59:59`);
  const seconds = Math.floor((end.getTime() - now.getTime()) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
