import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api_error";
import { useConnection } from "./connection";
import { LiveSocket } from "./live_socket";

class FakeSocket {
  static readonly made: FakeSocket[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
    this.say({ type: "welcome", limits: { max_frame_bytes: 1 << 20, max_requests: 16 } });
  }

  say(frame: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  break(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  last(type: string): Record<string, unknown> {
    const frame = this.sent.findLast((each) => each.type === type);
    if (frame === undefined) throw new Error(`no ${type} was sent`);
    return frame;
  }
}

const delta = (text: string) => ({ type: "delta", text, reasoning: "", tool_calls: [], tokens: 1, logprobs: null });
const credentials = { current: vi.fn(async () => "token-1"), renewed: vi.fn(async (_refused: string) => "token-2") };
let live: LiveSocket;

async function connected(): Promise<FakeSocket> {
  await vi.advanceTimersByTimeAsync(20_000);
  const socket = FakeSocket.made.at(-1);
  if (socket === undefined) throw new Error("nothing was opened");
  socket.accept();
  return socket;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made.length = 0;
  credentials.current.mockImplementation(async () => "token-1");
  credentials.renewed.mockImplementation(async () => "token-2");
  live = new LiveSocket("ws://here/ws", credentials, (url) => new FakeSocket(url) as unknown as WebSocket);
  live.start();
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

describe("following", () => {
  it("hands events on once, in order, and says when they end", async () => {
    const socket = await connected();
    const texts: string[] = [];
    const onEnd = vi.fn();
    live.follow("gen_1", -1, { onEvent: (event) => event.type === "delta" && texts.push(event.text), onEnd });
    const { id, after } = socket.last("follow");
    expect(after).toBe(-1);
    socket.say({ type: "event", id, generation_id: "gen_1", seq: 0, event: delta("a") });
    socket.say({ type: "event", id, generation_id: "gen_1", seq: 0, event: delta("a") });
    socket.say({ type: "event", id, generation_id: "gen_1", seq: 1, event: delta("b") });
    expect(onEnd).not.toHaveBeenCalled();
    socket.say({ type: "end", id });
    expect(texts).toEqual(["a", "b"]);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it("goes on after the last event that was seen when the connection breaks", async () => {
    const first = await connected();
    const texts: string[] = [];
    live.follow("gen_1", -1, { onEvent: (event) => event.type === "delta" && texts.push(event.text) });
    first.say({ type: "event", id: first.last("follow").id, generation_id: "gen_1", seq: 0, event: delta("a") });
    first.break();
    expect(useConnection.getState().state).toBe("lost");
    const again = vi.fn();
    live.onReconnected(again);
    const second = await connected();
    expect(second).not.toBe(first);
    expect(second.last("follow")).toMatchObject({ generation_id: "gen_1", after: 0 });
    second.say({ type: "event", id: second.last("follow").id, generation_id: "gen_1", seq: 1, event: delta("b") });
    expect(texts).toEqual(["a", "b"]);
    expect(again).toHaveBeenCalledOnce();
    expect(useConnection.getState().state).toBe("connected");
  });

  it("renews the credential once when the service no longer takes it", async () => {
    const socket = await connected();
    const onError = vi.fn();
    live.follow("gen_1", 4, { onEvent: () => undefined, onError });
    const { id } = socket.last("follow");
    const refusal = { type: "error", id, error: { code: "unauthenticated", message: "expired", param: null, retry_after_s: null } };
    socket.say(refusal);
    await vi.advanceTimersByTimeAsync(0);
    expect(socket.last("hello").credential).toBe("token-2");
    expect(socket.last("follow")).toMatchObject({ after: 4 });
    socket.say(refusal);
    expect(onError).toHaveBeenCalledOnce();
  });

  it("waits for a worker that is being restarted", async () => {
    const socket = await connected();
    const onError = vi.fn();
    live.follow("gen_1", 2, { onEvent: () => undefined, onError });
    const before = socket.sent.length;
    socket.say({ type: "error", id: socket.last("follow").id, error: { code: "peer_unavailable", message: "", param: null, retry_after_s: null } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.sent.length).toBe(before + 1);
    expect(onError).not.toHaveBeenCalled();
  });

  it("stops without stopping the generation", async () => {
    const socket = await connected();
    const onEvent = vi.fn();
    const leave = live.follow("gen_1", -1, { onEvent });
    const { id } = socket.last("follow");
    leave();
    expect(socket.last("unfollow").id).toBe(id);
    socket.say({ type: "event", id, generation_id: "gen_1", seq: 0, event: delta("late") });
    expect(onEvent).not.toHaveBeenCalled();
    expect(socket.sent.some((frame) => frame.type === "cancel")).toBe(false);
  });
});

describe("beginning", () => {
  it("repeats itself with the same key over a lost connection, so that one generation comes of it", async () => {
    const first = await connected();
    const begun = live.begin({ generate: { model: "m" } });
    const asked = first.last("start");
    first.break();
    const second = await connected();
    expect(second.last("start")).toEqual(asked);
    second.say({ type: "accepted", id: asked.id, generation_id: "gen_9", question_id: "msg_1", answer_id: "msg_2", request_id: "req_1-2" });
    await expect(begun).resolves.toEqual({ generation_id: "gen_9", question_id: "msg_1", answer_id: "msg_2", request_id: "req_1-2" });
  });

  it("fails with the service's own words", async () => {
    const socket = await connected();
    const begun = live.begin({ generate: { model: "none" } });
    socket.say({
      type: "error",
      id: socket.last("start").id,
      error: { code: "model_not_found", message: "no such model", param: "model", retry_after_s: null, request_id: "req_1-3" },
    });
    await expect(begun).rejects.toMatchObject({ code: "model_not_found", message: "no such model", requestId: "req_1-3" });
    await expect(begun).rejects.toBeInstanceOf(ApiError);
  });
});

describe("withdrawing", () => {
  it("never sends what is stopped before there is a connection", async () => {
    const wanted = new AbortController();
    const begun = live.begin({ generate: {} }, wanted.signal);
    wanted.abort();
    await expect(begun).rejects.toMatchObject({ code: "cancelled" });
    const socket = await connected();
    expect(socket.sent.filter((frame) => frame.type === "start")).toEqual([]);
  });

  it("hears of what was sent before it was stopped, so that it can be taken back", async () => {
    const socket = await connected();
    const wanted = new AbortController();
    const begun = live.begin({ generate: {} }, wanted.signal);
    wanted.abort();
    socket.say({ type: "accepted", id: socket.last("start").id, generation_id: "gen_1", question_id: null, answer_id: null, request_id: "r" });
    await expect(begun).resolves.toMatchObject({ generation_id: "gen_1" });
  });
});

it("notices a connection that is dead without a word", async () => {
  const socket = await connected();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(socket.last("ping")).toBeTruthy();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(useConnection.getState().state).toBe("lost");
});

it("asks to hear of changes again after every new connection", async () => {
  const first = await connected();
  const heard = vi.fn();
  live.watch(heard);
  first.last("watch");
  first.break();
  const second = await connected();
  second.say({ type: "changed", id: second.last("watch").id, conversation_id: "conv_1", kind: "updated" });
  expect(heard).toHaveBeenCalledWith(expect.objectContaining({ conversation_id: "conv_1", kind: "updated" }));
});

it("says that changes may have been missed when the service says so", async () => {
  const socket = await connected();
  const missed = vi.fn();
  live.watch(() => undefined);
  live.onReconnected(missed);
  socket.say({ type: "watching", id: "watch" });
  expect(missed).not.toHaveBeenCalled();
  socket.say({ type: "watching", id: "watch" });
  expect(missed).toHaveBeenCalledOnce();
});

it("ends everything when somebody logs out", async () => {
  const socket = await connected();
  const begun = live.begin({ generate: {} });
  live.stop();
  await expect(begun).rejects.toMatchObject({ code: "cancelled" });
  expect(socket.readyState).toBe(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.made).toHaveLength(1);
});
