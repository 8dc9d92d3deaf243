import type { BrowserContextOptions, Page } from "playwright-core";
import { base, newPage, PASSWORD } from "./browser";

const administrator = "admin";

async function post(path: string, body: unknown, token?: string): Promise<Response> {
  return fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
}

/** What this file of tests knows to be there. */
const present = new Set<string>();

/** Makes an account through the API, if there is none. The first one of all is always the administrator `admin`. */
export async function account(name: string): Promise<void> {
  if (present.has(name)) return;
  const policy = (await (await fetch(`${base}/covey/v1/auth/registration`)).json()) as { first_account: boolean };
  if (policy.first_account && name !== administrator) await account(administrator);
  const answer = await post("/covey/v1/auth/register", { username: name, password: PASSWORD });
  if (answer.status !== 201 && answer.status !== 409) throw new Error(`${answer.status} ${await answer.text()}`);
  present.add(name);
}

/** An access token of that account, to set things up through the API. */
export async function tokenOf(name: string): Promise<string> {
  const answer = await post("/covey/v1/auth/login", { username: name, password: PASSWORD });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { access_token: string }).access_token;
}

export async function call<T>(token: string, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

export interface Inside {
  page: Page;
  /** An access token of the same person, to set things up and to look behind the page. */
  token: string;
}

/**
 * The same as `pageOf` without the page to log in at; with `model` as the one that answers in new chats. An empty path
 * leaves the going there to the test.
 */
export async function inside(name: string, path = "/", { model, ...options }: BrowserContextOptions & { model?: string } = {}): Promise<Inside> {
  await account(name);
  const tokens = (await (await post("/covey/v1/auth/login", { username: name, password: PASSWORD })).json()) as { access_token: string; refresh_token: string };
  if (model !== undefined) await call(tokens.access_token, "PUT", "/covey/v1/preferences", { values: { model } });
  const localStorage = [{ name: "covey.refresh", value: tokens.refresh_token }];
  const page = await newPage({ ...options, storageState: { cookies: [], origins: [{ origin: base, localStorage }] } });
  if (path !== "") await page.goto(path);
  return { page, token: tokens.access_token };
}

/** A page where that account is logged in, made if there is none. */
export async function pageOf(name: string, path = "/", options: BrowserContextOptions = {}): Promise<Page> {
  await account(name);
  const page = await newPage(options);
  await page.goto(path === "/" ? "/login" : `/login?next=${encodeURIComponent(path)}`);
  await page.locator("input[name=username]").fill(name);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("button[type=submit]").click();
  await page.waitForURL((url) => url.pathname === path.split("?")[0]);
  return page;
}

export const adminPage = (path = "/", options: BrowserContextOptions = {}) => pageOf(administrator, path, options);
