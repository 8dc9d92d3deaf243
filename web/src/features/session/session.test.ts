import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { currentTokenSource } from "@/lib/api";
import { enter, leave, renew, resume, useSession } from "./session";

const user = { id: "usr_1", username: "robin", role: "member" as const, status: "active" as const, created_at: 0, last_login_at: null };
const tokens = (number: number) => ({
  access_token: `access-${number}`,
  refresh_token: `refresh-${number}`,
  session_id: "ses_1",
  access_expires_in_s: 900,
  refresh_expires_in_s: 3600,
  user,
});

function answerWith(...answers: (() => Response)[]) {
  const asked = vi.fn(async (_request: Request) => {
    const next = answers.shift();
    if (next === undefined) throw new Error("one request too many");
    return next();
  });
  vi.stubGlobal("fetch", asked);
  return asked;
}

const ok = (value: unknown) => () => new Response(JSON.stringify(value), { status: 200, headers: { "content-type": "application/json" } });
const problem = (status: number, code: string) => () =>
  new Response(JSON.stringify({ code, detail: "no", request_id: "req_1" }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });

beforeEach(() => {
  vi.useFakeTimers();
  const locks = { request: (_name: string, work: () => Promise<unknown>) => work() };
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

it("keeps the access token out of the browser's storage", () => {
  enter(tokens(1));
  expect(JSON.stringify({ ...localStorage })).not.toContain("access-1");
  expect(useSession.getState()).toMatchObject({ status: "in", token: "access-1" });
});

it("uses a refresh token once although several ask at the same moment", async () => {
  enter(tokens(1));
  const asked = answerWith(ok(tokens(2)));
  await expect(Promise.all([renew(), renew(), renew()])).resolves.toEqual(["access-2", "access-2", "access-2"]);
  expect(asked).toHaveBeenCalledOnce();
});

/** Tabs share the local storage and nothing else. */
const inNewTab = () => sessionStorage.clear();

it("uses no refresh token for a reload, and reads the account anew", async () => {
  enter(tokens(1));
  useSession.setState({ status: "unknown", user: null, token: null });
  const asked = answerWith(ok({ ...user, role: "admin" }));
  await resume();
  expect(useSession.getState()).toMatchObject({ status: "in", token: "access-1", user: { role: "member" } });
  await vi.waitFor(() => expect(useSession.getState().user?.role).toBe("admin"));
  expect(asked.mock.calls.map(([request]) => new URL(request.url).pathname)).toEqual(["/covey/v1/me"]);
});

it("takes nothing over that is old, or that belongs to another session", async () => {
  enter(tokens(1));
  const asked = answerWith(ok(tokens(2)), ok(tokens(3)));
  await vi.advanceTimersByTimeAsync(839_999);
  vi.setSystemTime(Date.now() + 10);
  await resume();
  expect(useSession.getState().token).toBe("access-2");
  localStorage.setItem("covey.refresh", "of-another-person");
  await resume();
  expect(useSession.getState().token).toBe("access-3");
  expect(asked).toHaveBeenCalledTimes(2);
});

it("goes on in a new tab, and not after the session has ended", async () => {
  enter(tokens(1));
  inNewTab();
  answerWith(ok(tokens(2)), problem(401, "unauthenticated"));
  await resume();
  expect(useSession.getState().token).toBe("access-2");
  await renew();
  expect(useSession.getState()).toMatchObject({ status: "out", token: null, user: null });
  expect([localStorage.length, sessionStorage.length]).toEqual([0, 0]);
});

it("stays logged in while the service is away, and tries again", async () => {
  enter(tokens(1));
  const asked = answerWith(problem(503, "overloaded"), ok(tokens(2)));
  await renew();
  expect(useSession.getState().status).toBe("in");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toHaveBeenCalledTimes(2);
  expect(useSession.getState().token).toBe("access-2");
});

it("renews before the token ends", async () => {
  enter(tokens(1));
  answerWith(ok(tokens(2)));
  await vi.advanceTimersByTimeAsync(840_000);
  await expect(currentTokenSource().current()).resolves.toBe("access-2");
});

it("does not renew a second time for requests that were refused with an older token", async () => {
  enter(tokens(2));
  const asked = answerWith();
  await expect(currentTokenSource().renewed("access-1")).resolves.toBe("access-2");
  expect(asked).not.toHaveBeenCalled();
});
