import { expect, it } from "vitest";
import { type LiveAnswer, newAnswer } from "@/features/chat/live_answer";
import { asConversation, historyOf, modelsIn, runningIn, type Turn } from "./columns";

function answer(id: string, text: string, phase: LiveAnswer["phase"] = "ended"): LiveAnswer {
  return { ...newAnswer({ generationId: id, conversationId: null, answerId: id, questionId: null, model: "m" }, 0), text, phase };
}

const turns: Turn[] = [
  { id: "t1", question: "one", askedAt: 1000, answers: { a: "g1", b: "g2" } },
  { id: "t2", question: "two", askedAt: 2000, answers: { a: "g3", b: "g4" } },
  { id: "t3", question: "three", askedAt: 3000, answers: { a: "g5", b: "g6" } },
];
const answers = Object.fromEntries(
  [answer("g1", "A1"), answer("g2", "B1"), answer("g3", ""), answer("g4", "B2"), answer("g5", "A3", "writing"), answer("g6", "B3")].map((each) => [each.generationId, each]),
);
const said = (messages: { role: string; content?: unknown }[]) => messages.map((each) => `${each.role}: ${String(each.content)}`);

it("reads the models of an address", () => {
  expect(modelsIn("a, b:7b,,hf.co/x/y,c,d")).toEqual(["a", "b:7b", "hf.co/x/y", "c"]);
  expect(modelsIn(undefined)).toEqual([]);
  expect(modelsIn("x".repeat(300))).toEqual([]);
});

it("gives each column its own history, without the turns it has no answer to", () => {
  expect(said(historyOf(turns, "t3", "a", answers))).toEqual(["user: one", "assistant: A1", "user: three"]);
  expect(said(historyOf(turns, "t2", "b", answers))).toEqual(["user: one", "assistant: B1", "user: two"]);
});

it("makes a conversation of a column, each message below the one before it", () => {
  const messages = asConversation(turns, "b", answers);
  expect(said(messages.map((each) => each.message))).toEqual(["user: one", "assistant: B1", "user: two", "assistant: B2", "user: three", "assistant: B3"]);
  expect(messages.map((each) => each.parent_id)).toEqual([null, ...messages.slice(0, -1).map((each) => each.id)]);
});

it("knows what runs, in one column and in all", () => {
  expect(runningIn(turns, "a", answers)).toEqual(["g5"]);
  expect(runningIn(turns, "b", answers)).toEqual([]);
  expect(runningIn(turns, null, answers)).toEqual(["g5"]);
});
