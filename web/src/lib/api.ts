import createClient from "openapi-fetch";
import { errorOf, networkError } from "./api_error";
import type { Complete } from "./complete";
import type { paths } from "./schema";

/** Gives the access token to send, and a new one when the service no longer takes the old one. */
export interface TokenSource {
  current(): Promise<string | null>;
  renewed(refused: string): Promise<string | null>;
}

let tokens: TokenSource = { current: async () => null, renewed: async () => null };

export function setTokenSource(source: TokenSource): void {
  tokens = source;
}

export function currentTokenSource(): TokenSource {
  return tokens;
}

/** `fetch` with the session's token; a refused token is renewed once. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const token = await tokens.current();
  const first = token === null ? request : withToken(request.clone(), token);
  const response = await send(first);
  if (response.status !== 401 || token === null) return response;
  const renewed = await tokens.renewed(token);
  return renewed === null ? response : send(withToken(request, renewed));
}

function withToken(request: Request, token: string): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw networkError();
  }
}

const settings = {
  baseUrl: location.origin,
  // Names of models hold slashes and colons, which are part of the path here.
  pathSerializer: (path: string, values: Record<string, unknown>) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])).replace(/%2F/g, "/")),
};

/** The API with the session's credential. */
export const api = createClient<paths, "application/json">({ ...settings, fetch: authorizedFetch });

/** The API for those who are not logged in: no credential is sent. */
export const anonymousApi = createClient<paths, "application/json">({ ...settings, fetch: send });

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The body of a good answer. Throws ApiError for every other one. */
export async function answerOf<T extends Answer>(request: Promise<T>): Promise<Complete<NonNullable<T["data"]>>> {
  const { data, error, response } = await request;
  if (!response.ok) throw errorOf(error, response);
  return data as Complete<NonNullable<T["data"]>>;
}
