import { expect, it } from "vitest";
import type { StoredMessage } from "@/lib/api_types";
import { contextUsed, figuresOf, speedOf } from "./answer_figures";
import { newAnswer } from "./live_answer";

const usage = { prompt_tokens: 100, completion_tokens: 21, cached_prompt_tokens: 4, reasoning_tokens: 0, estimated: false };
const line = { received: 10, admitted: 10, queued: 10.1, started: 10.6, first_token: 11, reasoning_ended: null, ended: 13 };
const answer = (more: Partial<StoredMessage>) =>
  ({ id: "a", model: "m", message: { role: "assistant", content: "12345678" }, usage: null, time_line: null, node: null, ...more }) as StoredMessage;

it("reckons from the stored times", () => {
  const figures = figuresOf(answer({ usage, time_line: line }));
  expect(figures.queueMs).toBeCloseTo(500);
  expect(figures.firstTokenMs).toBeCloseTo(1000);
  expect(figures.totalMs).toBeCloseTo(3000);
  expect(figures.tokensPerSecond).toBeCloseTo(10);
  expect(figures.reasoningMs).toBeNull();
});

it("reckons from what was seen while nothing is stored", () => {
  const live = { ...newAnswer({ generationId: "g", conversationId: "c", answerId: "a", questionId: "q", model: "m" }, 1000), node: "n", queueMs: 7, firstTokenAt: 1500, endedAt: 3500, tokens: 5 };
  expect(figuresOf(answer({}), live)).toMatchObject({ node: "n", queueMs: 7, firstTokenMs: 500, totalMs: 2500, tokensPerSecond: 2, completionTokens: 5 });
});

it("knows the node and the time of thinking of a stored answer", () => {
  const figures = figuresOf(answer({ node: "attic", time_line: { ...line, reasoning_ended: 12.5 } }));
  expect(figures.node).toBe("attic");
  expect(figures.reasoningMs).toBeCloseTo(1500);
});

it("says nothing that it does not know", () => {
  expect(figuresOf(answer({}))).toMatchObject({ queueMs: null, firstTokenMs: null, tokensPerSecond: null, completionTokens: null });
  expect([speedOf(1, 500), speedOf(5, 0), speedOf(5, null)]).toEqual([null, null, null]);
});

it("counts the context from the last answer on", () => {
  const question = answer({ message: { role: "user", content: "x".repeat(40) } as never });
  expect(contextUsed([{ message: answer({ usage }) }, { message: question }], "y".repeat(8))).toBe(133);
  expect(contextUsed([{ message: question }], "")).toBe(10);
  expect(contextUsed([], "")).toBe(0);
});
