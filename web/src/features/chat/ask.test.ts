import { beforeEach, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import { ApiError } from "@/lib/api_error";
import type { Accepted } from "@/lib/live/frames";
import { live } from "@/lib/live/live";
import { askAgain, askForMore, type Asking, askQuestion } from "./ask";
import { forgetAll, useGenerations } from "./generation_store";
import { questionMessage } from "./question_message";
import { useUntaken, withdraw, withdrawable, Withdrawn } from "./withdraw";

const ACCEPTED: Accepted = { generation_id: "gen_1", question_id: "msg_q", answer_id: "msg_a", request_id: "req_1-2" };
let accept: (accepted: Accepted) => void;
let refuse: (error: ApiError) => void;
const deleted: unknown[] = [];
let deletion: () => Response;

beforeEach(() => {
  forgetAll();
  deleted.length = 0;
  deletion = () => new Response("{}");
  vi.spyOn(live, "begin").mockImplementation(() => new Promise((resolve, reject) => ([accept, refuse] = [resolve, reject])));
  vi.spyOn(live, "cancel").mockResolvedValue(undefined);
  vi.spyOn(live, "follow").mockImplementation((_id, _after, { onEnd }) => {
    queueMicrotask(() => onEnd?.());
    return () => undefined;
  });
  vi.spyOn(api, "DELETE").mockImplementation((async (_path: string, { params }: { params: { path: unknown } }) => {
    deleted.push(params.path);
    const response = deletion();
    return response.ok ? { data: {}, response } : { error: await response.json(), response };
  }) as never);
});

const refusal = (code: string) => () => new Response(JSON.stringify({ code, detail: "" }), { status: 404 });
const asking: Asking = { conversationId: "conv_1", model: "m", settings: {} };
const begin = (work: (asking: Asking) => Promise<void>) => withdrawable("conv_1", (signal) => work({ ...asking, signal }));
const stopped = async (asked: Promise<void>): Promise<Withdrawn> => {
  const error: unknown = await asked.then(() => null, (caught: unknown) => caught);
  if (!(error instanceof Withdrawn)) throw new Error(`not withdrawn: ${String(error)}`);
  return error;
};

it("follows an answer under the ids that the service gave, with its request id", async () => {
  const asked = begin((each) => askQuestion(each, null, "hello"));
  expect(Object.values(useGenerations.getState().answers)).toMatchObject([{ phase: "sending" }]);
  accept(ACCEPTED);
  await asked;
  expect(Object.values(useGenerations.getState().answers)).toMatchObject([
    { generationId: "gen_1", requestId: "req_1-2", answerId: "msg_a", questionId: "msg_q", question: { id: "msg_q" } },
  ]);
  expect(useUntaken.getState()).toEqual({});
});

it("takes a question off the page at once when it is stopped before it is taken, and leaves nothing behind", async () => {
  const asked = begin((each) => askQuestion(each, null, "hello"));
  withdraw("conv_1");
  const { undone } = await stopped(asked);
  expect(useGenerations.getState().answers).toEqual({});
  expect(useUntaken.getState()).toEqual({});
  expect(live.cancel).not.toHaveBeenCalled();
  accept(ACCEPTED);
  await undone;
  expect(live.cancel).toHaveBeenCalledWith("gen_1");
  expect(deleted).toEqual([{ conversation_id: "conv_1", message_id: "msg_q" }]);
});

it("deletes the answer alone where the question was there before", async () => {
  const asked = begin((each) => askAgain(each, "msg_q"));
  withdraw("conv_1");
  accept(ACCEPTED);
  await (await stopped(asked)).undone;
  expect(deleted).toEqual([{ conversation_id: "conv_1", message_id: "msg_a" }]);
});

it("deletes nothing of an answer that was to be continued", async () => {
  const asked = begin((each) => askForMore(each, { ...questionMessage("msg_a", "msg_q", 0, "so far") }));
  withdraw("conv_1");
  accept(ACCEPTED);
  await (await stopped(asked)).undone;
  expect(live.cancel).toHaveBeenCalledOnce();
  expect(deleted).toEqual([]);
});

it("has nothing to take back when the question is refused after all", async () => {
  const asked = begin((each) => askQuestion(each, null, "hello"));
  withdraw("conv_1");
  const { undone } = await stopped(asked);
  refuse(new ApiError("overloaded", ""));
  await undone;
  expect(live.cancel).not.toHaveBeenCalled();
});

it("tells when something may be left", async () => {
  deletion = refusal("store_unavailable");
  const asked = begin((each) => askQuestion(each, null, "hello"));
  withdraw("conv_1");
  accept(ACCEPTED);
  await expect((await stopped(asked)).undone).rejects.toMatchObject({ code: "store_unavailable" });
});

it("is content when it is gone already", async () => {
  vi.mocked(live.cancel).mockRejectedValue(new ApiError("not_found", ""));
  deletion = refusal("not_found");
  const asked = begin((each) => askQuestion(each, null, "hello"));
  withdraw("conv_1");
  accept(ACCEPTED);
  await (await stopped(asked)).undone;
});

it("tells a refusal as it is", async () => {
  const asked = begin((each) => askQuestion(each, null, "hello"));
  refuse(new ApiError("quota_exceeded", "enough"));
  await expect(asked).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(useGenerations.getState().answers).toEqual({});
});
