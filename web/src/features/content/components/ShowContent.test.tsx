import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { ContentNotice } from "./ContentNotice";
import { ShowContent } from "./ShowContent";

const HOSTILE = '<img src=x onerror="window.hurt=1"> [here](javascript:alert(1))';

function content(fields: object) {
  return {
    request_id: "req_1",
    user_id: "usr_1",
    username: "ada",
    key_id: null,
    model: "sample",
    kind: "chat",
    at: 1_700_000_000,
    expires_at: 1_700_600_000,
    outcome: "ok",
    error_code: null,
    messages: [{ role: "user", content: [{ type: "text", text: HOSTILE }], reasoning: "", name: "", tool_calls: [], tool_call_id: "", cut: false }],
    messages_left_out: 0,
    prompt: null,
    suffix: null,
    prompt_cut: false,
    answer: { text: "an answer", reasoning: "", tool_calls: [], cut: false },
    ...fields,
  };
}

/** What the service answers by path; remembers what it was asked. */
function answering(answers: Record<string, unknown>, status = 200): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const known = pathname in answers;
    return Response.json(known ? answers[pathname] : { code: "not_found", detail: "nothing is kept of this request", request_id: "req_9" }, {
      status: known ? status : 404,
    });
  });
  return asked;
}

function show(element: React.ReactNode) {
  render(<QueryClientProvider client={new QueryClient()}>{element}</QueryClientProvider>);
}

const POLICY = "/covey/v1/content-policy";
const CONTENT = "/covey/v1/requests/req_1/content";

afterEach(() => vi.unstubAllGlobals());

it("is not there where nothing is kept", async () => {
  const asked = answering({ [POLICY]: { kept: false, kept_s: null } });
  show(
    <>
      <ShowContent requestId="req_1" />
      <ContentNotice />
    </>,
  );
  await vi.waitFor(() => expect(asked).toEqual([POLICY]));
  await Promise.resolve();
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.queryByRole("note")).toBeNull();
});

it("tells everybody that content is kept, and for how long", async () => {
  answering({ [POLICY]: { kept: true, kept_s: 604_800 } });
  show(<ContentNotice />);
  expect((await screen.findByRole("note")).textContent).toContain("for 7 days");
});

it("reads the content once, when it is asked for, and shows it as text", async () => {
  const asked = answering({ [POLICY]: { kept: true, kept_s: 60 }, [CONTENT]: { items: [content({})], more: 0 } });
  show(<ShowContent requestId="req_1" />);
  const button = await screen.findByRole("button", { name: "Show content" });
  expect(asked).toEqual([POLICY]);
  await userEvent.click(button);
  const dialog = await screen.findByRole("dialog", { name: "Content of the request" });
  expect(await within(dialog).findByText(HOSTILE)).toBeTruthy();
  expect(within(dialog).getByText("an answer")).toBeTruthy();
  expect(dialog.querySelector("img, a")).toBeNull();
  expect(within(dialog).getByText(/audit log/)).toBeTruthy();
  window.dispatchEvent(new Event("focus"));
  document.dispatchEvent(new Event("visibilitychange"));
  expect(asked).toEqual([POLICY, CONTENT]);
});

it("marks what is cut, left out, a picture or empty, and further requests of the same id", async () => {
  const message = { role: "user", content: [{ type: "image", media_type: "image/png", size_bytes: 2000 }], reasoning: "", name: "", tool_calls: [], tool_call_id: "", cut: true };
  const item = content({ messages: [message], messages_left_out: 3, answer: { text: "", reasoning: "", tool_calls: [], cut: false } });
  answering({ [POLICY]: { kept: true, kept_s: 60 }, [CONTENT]: { items: [item], more: 2 } });
  show(<ShowContent requestId="req_1" />);
  await userEvent.click(await screen.findByRole("button", { name: "Show content" }));
  expect(await screen.findByText("Picture, \u2068image/png\u2069, 2 kB. Pictures are not kept.")).toBeTruthy();
  expect(screen.getByText("3 earlier messages are not kept.")).toBeTruthy();
  expect(screen.getByText("More was there and is not kept.")).toBeTruthy();
  expect(screen.getByText("There was no answer.")).toBeTruthy();
  expect(screen.getByText("2 older requests have the same id.")).toBeTruthy();
});

it("says why there is nothing", async () => {
  answering({ [POLICY]: { kept: true, kept_s: 60 } });
  show(<ShowContent requestId="req_1" />);
  await userEvent.click(await screen.findByRole("button", { name: "Show content" }));
  expect(await screen.findByText("nothing is kept of this request")).toBeTruthy();
});
