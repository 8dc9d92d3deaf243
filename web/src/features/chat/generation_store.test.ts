import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api_error";
import type { GenerationEvent } from "@/lib/api_types";
import { live } from "@/lib/live/live";
import type { GenerationReader } from "@/lib/live/live_socket";
import { fail, followGeneration, forget, forgetAll, useGenerations, whenEnded } from "./generation_store";

const start = { generationId: "gen", conversationId: "c", answerId: "a", questionId: "q", model: "sample" };
const text = (piece: string) =>
  ({ type: "delta", text: piece, reasoning: "", tool_calls: [], tokens: 1, logprobs: null }) as unknown as GenerationEvent;
let reader: GenerationReader;
let ended = 0;
let frames: FrameRequestCallback[] = [];

function nextFrame(): void {
  frames.splice(0).forEach((frame) => frame(0));
}

beforeEach(() => {
  ended = 0;
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => {});
  vi.spyOn(live, "follow").mockImplementation((_id, _after, given) => {
    reader = given;
    return () => {
      ended += 1;
    };
  });
});
afterEach(forgetAll);

const shown = () => useGenerations.getState().answers.gen;

it("shows everything of one frame in one change", () => {
  followGeneration(start);
  let changes = 0;
  const end = useGenerations.subscribe(() => {
    changes += 1;
  });
  for (let index = 0; index < 50; index += 1) reader.onEvent(text("x"), index);
  expect(shown()?.text).toBe("");
  nextFrame();
  expect(shown()?.text).toBe("x".repeat(50));
  expect(changes).toBe(1);
  end();
});

it("follows a generation once", () => {
  followGeneration(start);
  followGeneration(start);
  expect(live.follow).toHaveBeenCalledTimes(1);
});

it("tells the end once, with everything that came", () => {
  followGeneration(start);
  const heard: string[] = [];
  whenEnded("gen", (answer) => heard.push(answer.text));
  reader.onEvent(text("all"), 0);
  reader.onEvent({ type: "finished", reason: "stop", usage: {} } as GenerationEvent, 1);
  reader.onEnd?.();
  nextFrame();
  expect(heard).toEqual(["all"]);
  whenEnded("gen", (answer) => heard.push(answer.text));
  expect(heard).toEqual(["all", "all"]);
});

it("tells a failure, and keeps what came before it", () => {
  followGeneration(start);
  const heard: (string | undefined)[] = [];
  whenEnded("gen", (answer) => heard.push(answer.failure?.code));
  reader.onEvent(text("part"), 0);
  reader.onError?.(new ApiError("not_found", "gone"));
  expect(shown()).toMatchObject({ text: "part", phase: "ended", failure: { code: "not_found" } });
  fail("gen", new ApiError("again", ""));
  expect(heard).toEqual(["not_found"]);
});

it("ends reading what is forgotten", () => {
  followGeneration(start);
  forget("gen");
  expect(ended).toBe(1);
  expect(shown()).toBeUndefined();
  reader.onEvent(text("late"), 0);
  nextFrame();
  expect(shown()).toBeUndefined();
});
