import { anonymousApi, answerOf, api } from "@/lib/api";
import type { SessionTokens } from "@/lib/api_types";
import { browserLabel } from "./browser_label";

export function getRegistrationPolicy() {
  return answerOf(anonymousApi.GET("/covey/v1/auth/registration"));
}

export function register(username: string, password: string, invitation: string | null): Promise<SessionTokens> {
  const body = { username, password, label: browserLabel(navigator.userAgent), ...(invitation ? { invitation } : {}) };
  return answerOf(anonymousApi.POST("/covey/v1/auth/register", { body }));
}

export function logIn(username: string, password: string): Promise<SessionTokens> {
  const body = { username, password, label: browserLabel(navigator.userAgent) };
  return answerOf(anonymousApi.POST("/covey/v1/auth/login", { body }));
}

export function refresh(refreshToken: string): Promise<SessionTokens> {
  return answerOf(anonymousApi.POST("/covey/v1/auth/refresh", { body: { refresh_token: refreshToken } }));
}

export function logOut(everywhere: boolean) {
  return answerOf(api.POST("/covey/v1/auth/logout", { body: { everywhere } }));
}
