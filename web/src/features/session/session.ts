import { create } from "zustand";
import { type TokenSource, answerOf, api, setTokenSource } from "@/lib/api";
import { ApiError, asApiError } from "@/lib/api_error";
import type { SessionTokens, User } from "@/lib/api_types";
import { readStored, writeStored } from "@/lib/storage";
import { refresh } from "./api/session_api";
import { keepForReload, keptForReload } from "./kept_for_reload";
import { alone } from "./one_at_a_time";

const STORED = "covey.refresh";
const RENEW_BEFORE_MS = 60_000;

export interface SessionState {
  /** `unknown` until the stored refresh token was tried; `unreachable` when that could not be done. */
  status: "unknown" | "unreachable" | "out" | "in";
  user: User | null;
  token: string | null;
  error: ApiError | null;
}

/**
 * Who is logged in. The refresh token is in local storage, for all tabs; the access token in memory, and beside it for
 * this tab alone, so that a page that is reloaded need not use up a refresh token.
 */
export const useSession = create<SessionState>(() => ({ status: "unknown", user: null, token: null, error: null }));

let renewAt = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<string | null> | null = null;

/** Take over what a login, registration or renewal has yielded. */
export function enter(tokens: SessionTokens): void {
  writeStored(STORED, tokens.refresh_token);
  const lifetimeMs = tokens.access_expires_in_s * 1000;
  adopt(tokens.access_token, tokens.user, Date.now() + Math.max(lifetimeMs - RENEW_BEFORE_MS, lifetimeMs / 2));
  keepForReload({ token: tokens.access_token, user: tokens.user, renewAt }, tokens.refresh_token);
}

function adopt(token: string, user: User, until: number): void {
  renewAt = until;
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), Math.max(1000, renewAt - Date.now()));
  useSession.setState({ status: "in", user, token, error: null });
}

/** Forget the session in this browser. The service is told by those who call this. */
export function leave(): void {
  clearTimeout(timer);
  writeStored(STORED, null);
  keepForReload(null, "");
  useSession.setState({ status: "out", user: null, token: null, error: null });
}

/** At the start of a page: log in again with the stored token, if there is one. */
export async function resume(): Promise<void> {
  const refreshToken = readStored(STORED);
  if (refreshToken === null) return leave();
  const kept = keptForReload(refreshToken, Date.now());
  if (kept === null) return void (await renew());
  adopt(kept.token, kept.user, kept.renewAt);
  void readAgain(kept.token);
}

/** What is known of the account may be older than the page. A token that is no longer good is renewed or given up by itself. */
async function readAgain(token: string): Promise<void> {
  try {
    const user = await answerOf(api.GET("/covey/v1/me"));
    if (useSession.getState().token === token) useSession.setState({ user });
  } catch {
    // Whatever the page asks for next tells of it.
  }
}

/** A new access token; null when the session is over or the service cannot be reached. */
export function renew(): Promise<string | null> {
  renewing ??= alone("covey.refresh", renewOnce).finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewOnce(): Promise<string | null> {
  // A refresh token works once. Another tab may have used the one this tab knew: the stored one is always the newest.
  const token = readStored(STORED);
  if (token === null) {
    leave();
    return null;
  }
  try {
    const tokens = await refresh(token);
    enter(tokens);
    return tokens.access_token;
  } catch (caught) {
    const error = asApiError(caught);
    if (error.status === 401 || error.status === 403) {
      leave();
    } else {
      if (useSession.getState().status !== "in") useSession.setState({ status: "unreachable", error });
      clearTimeout(timer);
      timer = setTimeout(() => void renew(), 5_000);
    }
    return null;
  }
}

const source: TokenSource = {
  async current() {
    const { token } = useSession.getState();
    if (token !== null && Date.now() >= renewAt) return (await renew()) ?? useSession.getState().token;
    return token;
  },
  async renewed(refused) {
    const { token } = useSession.getState();
    return token !== null && token !== refused ? token : renew();
  },
};
setTokenSource(source);

if (typeof window !== "undefined") {
  window.addEventListener("storage", (event) => {
    if (event.key !== STORED) return;
    const { status } = useSession.getState();
    if (event.newValue === null && status === "in") leave();
    else if (event.newValue !== null && status === "out") void renew();
  });
}
