import { beforeEach, expect, it } from "vitest";
import { useSession } from "@/features/session/session";
import { changeDraft, clearDraft, draftOf, useDrafts } from "./drafts";

const user = (id: string) => ({ id, username: id, role: "member" }) as never;

beforeEach(() => {
  useSession.setState({ status: "in", user: user("one") });
  useDrafts.setState({ drafts: {} });
});

const reload = () => useDrafts.setState({ drafts: {} });

it("keeps what is being written, for each conversation, over a reload", () => {
  changeDraft("a", { text: "first" });
  changeDraft("b", { text: "second" });
  reload();
  expect([draftOf("a").text, draftOf("b").text, draftOf("c").text]).toEqual(["first", "second", ""]);
});

it("forgets what was sent", () => {
  changeDraft("a", { text: "first" });
  clearDraft("a");
  reload();
  expect(draftOf("a").text).toBe("");
  expect(localStorage.getItem("covey.drafts")).toBeNull();
});

it("shows nothing of one account to another", () => {
  changeDraft("a", { text: "secret" });
  useSession.setState({ status: "in", user: user("two") });
  expect(draftOf("a").text).toBe("");
});

it("leaves nothing behind after logging out", () => {
  changeDraft("a", { text: "secret" });
  useSession.setState({ status: "out", user: null });
  expect(localStorage.getItem("covey.drafts")).toBeNull();
});

it("keeps a bounded number", () => {
  for (let index = 0; index < 60; index += 1) changeDraft(`c${index}`, { text: "x".repeat(30_000) });
  const { texts } = JSON.parse(localStorage.getItem("covey.drafts") ?? "{}") as { texts: Record<string, string> };
  expect(Object.keys(texts)).toHaveLength(30);
  expect(texts.c59).toHaveLength(20_000);
});
