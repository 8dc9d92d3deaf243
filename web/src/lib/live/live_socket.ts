import { ApiError } from "@/lib/api_error";
import type { GenerationEvent } from "@/lib/api_types";
import { randomId } from "@/lib/identifiers";
import { useConnection } from "./connection";
import type { Accepted, ConversationChange, ServerFrame } from "./frames";

const LEAST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
const PING_EVERY_MS = 15_000;
const SILENCE_LIMIT_MS = 10_000;

export interface GenerationReader {
  /** Events come in order, each once, whatever happens to the connection in between. */
  onEvent: (event: GenerationEvent, sequence: number) => void;
  /** After the last event. */
  onEnd?: () => void;
  /** The generation can no longer be followed, or could not be started. */
  onError?: (error: ApiError) => void;
}

/** Gives the access token; `refused` is the one that the service no longer takes. */
export interface Credentials {
  current(): Promise<string | null>;
  renewed(refused: string): Promise<string | null>;
}

interface Following {
  generationId: string;
  after: number;
  reader: GenerationReader;
  /** Its credential has been renewed since the last event. */
  renewed: boolean;
}

interface Call {
  frame: Record<string, unknown>;
  /** It may have reached the service. */
  sent: boolean;
  resolve: (frame: ServerFrame) => void;
  reject: (error: ApiError) => void;
}

type Listener = (change: ConversationChange) => void;

/**
 * The one WebSocket of a tab. It carries every generation that the tab follows, is made again when it breaks, and then
 * goes on after the last event that was seen: see docs/websocket.md.
 */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private welcomed = false;
  private wanted = false;
  private waitMs = LEAST_WAIT_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private token: string | null = null;
  private readonly followings = new Map<string, Following>();
  private readonly calls = new Map<string, Call>();
  private readonly listeners = new Set<Listener>();
  private readonly reconnected = new Set<() => void>();
  private watching = false;

  constructor(
    private readonly url: string,
    private readonly credentials: Credentials,
    private readonly open: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {}

  /** Connect, and stay connected until `stop`. */
  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    void this.connect();
  }

  /** Leave, and forget everything that was followed. */
  stop(): void {
    this.wanted = false;
    clearTimeout(this.retry);
    this.followings.clear();
    for (const call of this.calls.values()) call.reject(new ApiError("cancelled", ""));
    this.calls.clear();
    this.drop();
    useConnection.setState({ state: "idle" });
  }

  /** A new access token for a connection that is already there. */
  renew(token: string): void {
    this.token = token;
    if (this.welcomed) this.send({ type: "hello", credential: token });
  }

  /**
   * Begin a generation; `request` is what the `start` frame carries. Repeats itself safely over a lost connection. Where
   * `signal` is aborted before it was sent, it never is; what was sent can only be cancelled.
   */
  async begin(request: Record<string, unknown>, signal?: AbortSignal): Promise<Accepted> {
    const frame = await this.call({ type: "start", idempotency_key: randomId(), ...request }, signal);
    if (frame.type !== "accepted") throw new ApiError("unreadable_answer", "");
    const { generation_id, question_id, answer_id, request_id } = frame;
    return { generation_id, question_id, answer_id, request_id };
  }

  /** Read a generation from the event after `after` on. Returns what ends the reading; the generation goes on. */
  follow(generationId: string, after: number, reader: GenerationReader): () => void {
    const id = randomId();
    this.followings.set(id, { generationId, after, reader, renewed: false });
    if (this.welcomed) this.sendFollow(id);
    return () => {
      if (this.followings.delete(id) && this.welcomed) this.send({ type: "unfollow", id });
    };
  }

  /** Stop a generation. Resolves also when it has ended by itself. */
  async cancel(generationId: string): Promise<void> {
    await this.call({ type: "cancel", generation_id: generationId });
  }

  /** Hear of changes to the own conversations. At most once each: what was missed is told by `onReconnected`. */
  watch(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1 && this.welcomed) this.sendWatch();
    return () => this.listeners.delete(listener);
  }

  /** Called whenever changes may have been missed, above all when the connection is there again after it was lost. */
  onReconnected(listener: () => void): () => void {
    this.reconnected.add(listener);
    return () => this.reconnected.delete(listener);
  }

  private async connect(): Promise<void> {
    if (!this.wanted || this.socket !== null) return;
    this.token = await this.credentials.current();
    if (!this.wanted || this.socket !== null) return;
    if (this.token === null) return this.retryLater();
    if (useConnection.getState().state === "idle") useConnection.setState({ state: "connecting" });
    const socket = this.open(this.url);
    this.socket = socket;
    socket.onopen = () => this.send({ type: "hello", credential: this.token });
    socket.onmessage = (message) => {
      if (this.socket === socket) this.receive(JSON.parse(String(message.data)) as ServerFrame);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private lost(): void {
    this.drop();
    if (!this.wanted) return;
    useConnection.setState({ state: "lost" });
    this.retryLater();
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    // Spread out, so that a restarted service is not met by every tab in the same instant.
    this.retry = setTimeout(() => void this.connect(), this.waitMs * (0.75 + Math.random() / 2));
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  private drop(): void {
    clearInterval(this.pulse);
    this.welcomed = false;
    this.watching = false;
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) {
      socket.onclose = null;
      socket.close();
    }
  }

  private receive(frame: ServerFrame): void {
    this.heardAt = Date.now();
    switch (frame.type) {
      case "welcome":
        return this.welcome();
      case "event":
        return this.event(frame.id, frame.seq, frame.event);
      case "end": {
        const following = this.followings.get(frame.id);
        if (this.followings.delete(frame.id)) following?.reader.onEnd?.();
        return;
      }
      case "accepted":
      case "cancelled": {
        const call = this.calls.get(frame.id);
        this.calls.delete(frame.id);
        // `start` would go on with the events; whoever wants them follows, which survives a lost connection.
        if (frame.type === "accepted") this.send({ type: "unfollow", id: frame.id });
        return call?.resolve(frame);
      }
      case "watching":
        if (this.watching) this.tellMissed();
        this.watching = true;
        return;
      case "changed":
        return this.listeners.forEach((listener) => listener(frame));
      case "error":
        return this.refused(frame.id, frame.error);
      case "pong":
    }
  }

  private welcome(): void {
    if (this.welcomed) return;
    this.welcomed = true;
    this.waitMs = LEAST_WAIT_MS;
    const again = useConnection.getState().state === "lost";
    useConnection.setState({ state: "connected" });
    this.heardAt = Date.now();
    this.pulse = setInterval(() => this.checkPulse(), PING_EVERY_MS);
    if (this.listeners.size > 0) this.sendWatch();
    for (const id of this.followings.keys()) this.sendFollow(id);
    for (const [id, call] of this.calls) this.sendCall(id, call);
    if (again) this.tellMissed();
  }

  private tellMissed(): void {
    this.reconnected.forEach((listener) => listener());
  }

  /** A connection may be dead without a word, for example after the machine slept. */
  private checkPulse(): void {
    const askedAt = Date.now();
    this.send({ type: "ping", id: "pulse" });
    setTimeout(() => {
      if (this.welcomed && this.heardAt < askedAt) this.lost();
    }, SILENCE_LIMIT_MS);
  }

  private event(id: string, sequence: number, event: GenerationEvent): void {
    const following = this.followings.get(id);
    if (following === undefined || sequence <= following.after) return;
    following.after = sequence;
    following.renewed = false;
    following.reader.onEvent(event, sequence);
  }

  private refused(id: string | null, error: { code: string; message: string; retry_after_s: number | null; request_id: string | null }): void {
    const facts = { retryAfterS: error.retry_after_s, requestId: error.request_id };
    const failure = new ApiError(error.code, error.message, facts);
    if (id === null) {
      // The greeting was refused; the service closes the socket. With another token it may be taken.
      if (error.code === "unauthenticated" && this.token !== null) void this.credentials.renewed(this.token);
      return;
    }
    const call = this.calls.get(id);
    if (call !== undefined) {
      this.calls.delete(id);
      call.reject(failure);
      return;
    }
    const following = this.followings.get(id);
    if (following === undefined) return;
    if (error.code === "unauthenticated" && !following.renewed && this.token !== null) {
      following.renewed = true;
      void this.credentials.renewed(this.token).then((token) => {
        if (token !== null && this.welcomed && this.followings.has(id)) {
          this.renew(token);
          this.sendFollow(id);
        }
      });
      return;
    }
    if (error.code === "peer_unavailable" || error.code === "draining") {
      // Its worker is being restarted: what it holds comes back with it, or `not_found` says that it does not.
      setTimeout(() => this.welcomed && this.followings.has(id) && this.sendFollow(id), 1000);
      return;
    }
    this.followings.delete(id);
    following.reader.onError?.(failure);
  }

  private call(frame: Record<string, unknown>, signal?: AbortSignal): Promise<ServerFrame> {
    const id = randomId();
    return new Promise((resolve, reject) => {
      const call: Call = { frame, sent: false, resolve, reject };
      const withdraw = () => !call.sent && this.calls.delete(id) && reject(new ApiError("cancelled", ""));
      if (signal?.aborted) return reject(new ApiError("cancelled", ""));
      signal?.addEventListener("abort", withdraw, { once: true });
      this.calls.set(id, call);
      if (this.welcomed) this.sendCall(id, call);
    });
  }

  private sendCall(id: string, call: Call): void {
    call.sent = true;
    this.send({ ...call.frame, id });
  }

  private sendFollow(id: string): void {
    const following = this.followings.get(id);
    if (following) this.send({ type: "follow", id, generation_id: following.generationId, after: following.after });
  }

  private sendWatch(): void {
    this.send({ type: "watch", id: "watch" });
  }

  private send(frame: Record<string, unknown>): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }
}
