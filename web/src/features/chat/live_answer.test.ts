import { expect, it } from "vitest";
import type { GenerationEvent, StoredMessage } from "@/lib/api_types";
import { messageOf, newAnswer, withEvents } from "./live_answer";

const start = { generationId: "gen", conversationId: "c", answerId: "a", questionId: "q", model: "sample" };
const delta = (piece: { text?: string; reasoning?: string; tool_calls?: unknown[] }) =>
  ({ type: "delta", text: "", reasoning: "", tool_calls: [], tokens: 1, logprobs: null, ...piece }) as unknown as GenerationEvent;
const usage = { prompt_tokens: 3, completion_tokens: 7, cached_prompt_tokens: 0, reasoning_tokens: 0, estimated: false };
const timings = { queue_ms: null, load_ms: null, prompt_ms: null, generation_ms: null };

it("goes from the queue over reasoning to text and its end", () => {
  let answer = newAnswer(start, 0);
  expect(answer.phase).toBe("waiting");
  answer = withEvents(answer, [{ type: "queued", position: 2, estimated_wait_s: 4 }], 1);
  expect([answer.phase, answer.queue]).toEqual(["queued", { position: 2, waitS: 4 }]);
  answer = withEvents(answer, [{ type: "started", model: "real", engine: "e", instance: null, node: "n", queue_ms: 30, kept_as: null, kept_at: 0 }], 2);
  expect([answer.phase, answer.model, answer.node, answer.queue]).toEqual(["started", "real", "n", null]);
  answer = withEvents(answer, [delta({ reasoning: "hm" })], 5);
  expect(answer.phase).toBe("thinking");
  answer = withEvents(answer, [delta({ text: "Hel" }), delta({ text: "lo" })], 9);
  expect([answer.text, answer.firstTokenAt, answer.reasonedUntil, answer.tokens]).toEqual(["Hello", 5, 9, 3]);
  answer = withEvents(answer, [{ type: "finished", reason: "stop", usage, timings }], 12);
  expect([answer.phase, answer.tokens, answer.finishReason, answer.endedAt]).toEqual(["ended", 7, "stop", 12]);
});

it("keeps the reason of a failure and what came before it", () => {
  const answer = withEvents(
    newAnswer(start, 0),
    [delta({ text: "part" }), { type: "failed", code: "stream_interrupted", detail: "gone", retry_after_s: 2, usage }],
    1,
  );
  expect(answer.failure).toEqual({ code: "stream_interrupted", detail: "gone", retryAfterS: 2 });
  expect(messageOf(answer)).toMatchObject({ id: "a", parent_id: "q", finish_reason: "failed", message: { content: "part" } });
});

it("puts tool calls together from their pieces", () => {
  const answer = withEvents(
    newAnswer(start, 0),
    [
      delta({ tool_calls: [{ index: 0, id: "one", function: { name: "look", arguments: '{"a"' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }, { index: 1, id: "two", function: { name: "go" } }] }),
    ],
    1,
  );
  expect(answer.toolCalls.map((call) => [call.id, call.function.name, call.function.arguments])).toEqual([
    ["one", "look", '{"a":1}'],
    ["two", "go", ""],
  ]);
});

it("appends a continuation to the stored text", () => {
  const before = { id: "a", parent_id: "q", created_at: 5, message: { role: "assistant", content: "One" } } as StoredMessage;
  const answer = withEvents(newAnswer({ ...start, continues: true }, 0), [delta({ text: ", two" })], 1);
  expect(messageOf(answer, before)).toMatchObject({ created_at: 5, message: { content: "One, two" } });
});

it("leaves earlier states as they were", () => {
  const before = newAnswer(start, 0);
  withEvents(before, [delta({ text: "x" })], 1);
  expect(before.text).toBe("");
});

it("says that the model is being loaded, wherever the request waited before", () => {
  const queued: GenerationEvent = { type: "queued", position: 1, estimated_wait_s: null };
  const loading: GenerationEvent = { type: "loading", model: "real", size_bytes: 98, expected_s: 4.5 };
  let answer = withEvents(newAnswer(start, 0), [queued, loading], 1);
  expect([answer.phase, answer.queue, answer.loadS]).toEqual(["loading", null, 4.5]);
  answer = withEvents(answer, [queued], 2);
  expect(answer.phase).toBe("queued");
  answer = withEvents(answer, [{ ...loading, expected_s: null }, delta({ text: "x" })], 3);
  expect([answer.phase, answer.loadS]).toEqual(["writing", null]);
});

it("passes over events it does not know", () => {
  const strange = { type: "weather" } as unknown as GenerationEvent;
  expect(withEvents(newAnswer(start, 0), [strange], 1).phase).toBe("waiting");
});
