import { expect, it } from "vitest";
import type { Conversation, StoredMessage } from "@/lib/api_types";
import { newAnswer, withEvents } from "./live_answer";
import { answersOf, isSettled, shownPath } from "./shown_path";

const stored = (id: string, parent: string | null, createdAt: number, more: Partial<StoredMessage> = {}): StoredMessage =>
  ({ id, parent_id: parent, created_at: createdAt, message: { role: "user", content: id }, ...more }) as StoredMessage;
const start = { generationId: "gen", conversationId: "c", answerId: "a2", questionId: "q", model: "m", askedAt: 9000 };
const growing = (text: string) => ({ ...newAnswer(start, 9000), text, phase: "writing" as const });
const messages = [stored("q", null, 1), stored("a1", "q", 2)];
const view = (path: ReturnType<typeof shownPath>) => path.shown.map(({ message }) => [message.id, message.message.content]);

it("shows an answer that is being made in its place, before an older branch", () => {
  const path = shownPath(messages, [growing("Hel")], null, "a1");
  expect(view(path)).toEqual([["q", "q"], ["a2", "Hel"]]);
  expect(path.shown[1]?.branches).toEqual({ ids: ["a1", "a2"], index: 1 });
  expect(path.leaf).toBe("a2");
});

it("leaves the branch that was chosen meanwhile", () => {
  expect(view(shownPath(messages, [growing("Hel")], "a1", "a1"))).toEqual([["q", "q"], ["a1", "a1"]]);
});

it("shows the branch that the service remembers", () => {
  const more = [...messages, stored("b", "q", 3)];
  expect(shownPath(more, [], null, "a1").leaf).toBe("a1");
  expect(shownPath(more, [], null, null).leaf).toBe("b");
});

it("never shows an answer twice once it is stored", () => {
  const whole = stored("a2", "q", 9, { generation_id: "gen", message: { role: "assistant", content: "Hello" } as never });
  expect(view(shownPath([...messages, whole], [growing("Hello")], null, "a2"))).toEqual([["q", "q"], ["a2", "Hello"]]);
});

it("never shows a continuation twice once it is stored", () => {
  const before = stored("a2", "q", 9, { generation_id: "old", message: { role: "assistant", content: "One" } as never });
  const more = { ...growing(", two"), continues: true };
  expect(view(shownPath([...messages, before], [more], null, "a2"))[1]).toEqual(["a2", "One, two"]);
  const after = { ...before, generation_id: "gen", message: { role: "assistant", content: "One, two" } as never };
  expect(view(shownPath([...messages, after], [more], null, "a2"))[1]).toEqual(["a2", "One, two"]);
});

it("gives up an answer only when the stored one has everything", () => {
  const conversation = (all: StoredMessage[]) => ({ messages: all }) as Conversation;
  const ended = { ...growing("Hello"), phase: "ended" as const };
  expect(isSettled(growing("x"), conversation([]))).toBe(false);
  expect(isSettled(ended, conversation(messages))).toBe(false);
  expect(isSettled(ended, conversation([stored("a2", "q", 9, { generation_id: "gen" })]))).toBe(true);
  expect(isSettled({ ...ended, text: "" }, conversation(messages))).toBe(true);
  const failed = withEvents(growing("x"), [{ type: "failed", code: "overloaded", detail: "", retry_after_s: null, usage: null } as never], 1);
  expect(isSettled(failed, conversation([stored("a2", "q", 9, { generation_id: "gen" })]))).toBe(false);
});

it("keeps conversations apart", () => {
  const other = { ...growing("x"), generationId: "other", conversationId: "d" };
  expect(answersOf({ gen: growing("y"), other }, "c").map((answer) => answer.generationId)).toEqual(["gen"]);
});
