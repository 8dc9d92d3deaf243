import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const PIECE_CHARACTERS = 12;
const MOST_KEPT = 50;

interface Ask {
  model: string;
  stream?: boolean;
  messages: { role: string; content: string | { type: string; text?: string }[] }[];
}

export interface EchoEngine {
  url: string;
  /** How many answers are being given at this moment. */
  running: () => number;
  /** What was asked last, word for word, oldest first. */
  asked: () => unknown[];
  stop: () => Promise<void>;
}

/**
 * An OpenAI-compatible engine that answers what it is told to: the text after `say:` in the last question. It brings
 * hostile answers into the page and paces long ones: `slow:` gives a numbered word every 50 ms until it is stopped.
 * `think:` gives thoughts before the answer `Decided.`, `call:` a call of the tool of that name, `fail:` breaks off after
 * that text.
 */
export async function startEchoEngine(models: string[]): Promise<EchoEngine> {
  let running = 0;
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/v1/models") {
      json(response, { object: "list", data: models.map((id) => ({ id, object: "model", created: 0, owned_by: "echo" })) });
    } else if (request.url === "/v1/chat/completions") {
      running += 1;
      response.once("close", () => {
        running -= 1;
      });
      void read(request).then((ask) => {
        asked.push(ask);
        asked.splice(0, asked.length - MOST_KEPT);
        return answer(ask, response);
      });
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    running: () => running,
    asked: () => asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function read(request: IncomingMessage): Promise<Ask> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as Ask;
}

async function answer(ask: Ask, response: ServerResponse): Promise<void> {
  const last = ask.messages.findLast((message) => message.role === "user")?.content ?? "";
  const question = typeof last === "string" ? last : last.map((part) => part.text ?? "").join("");
  const slow = question.startsWith("slow:");
  const text = slow ? "" : question.replace(/^say:\s*/, "");
  if (ask.stream === false) {
    const message = { role: "assistant", content: text };
    json(response, { ...head(ask.model, "chat.completion"), choices: [{ index: 0, message, finish_reason: "stop" }], usage: usage(text) });
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const [, kind, told = ""] = /^(think|call|fail):([^]*)/.exec(question) ?? [];
  if (kind !== undefined) await unusual[kind]?.(response, ask.model, told);
  else if (slow) await tellNumbers(response, ask.model, Number(question.slice(5)) || 200);
  else for (let at = 0; at < text.length; at += PIECE_CHARACTERS) send(response, ask.model, text.slice(at, at + PIECE_CHARACTERS));
  if (response.destroyed) return;
  const reason = kind === "call" ? "tool_calls" : "stop";
  const end = { ...head(ask.model), choices: [{ index: 0, delta: {}, finish_reason: reason }], usage: usage(text) };
  response.end(`data: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`);
}

async function tellNumbers(response: ServerResponse, model: string, count: number): Promise<void> {
  for (let number = 1; number <= count && !response.destroyed; number += 1) {
    send(response, model, `word${number} `);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function head(model: string, object = "chat.completion.chunk") {
  return { id: "chatcmpl-echo", object, created: 0, model };
}

function usage(text: string) {
  const tokens = Math.max(1, Math.ceil(text.length / 4));
  return { prompt_tokens: 8, completion_tokens: tokens, total_tokens: tokens + 8 };
}

const unusual: Record<string, (response: ServerResponse, model: string, told: string) => Promise<void>> = {
  async think(response, model, thoughts) {
    sendDelta(response, model, { reasoning_content: thoughts });
    await new Promise((resolve) => setTimeout(resolve, 50));
    send(response, model, "Decided.");
  },
  async call(response, model, name) {
    sendDelta(response, model, { tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: '{"place": "Ulm"}' } }] });
  },
  async fail(response, model, text) {
    send(response, model, text);
    await new Promise((resolve) => setTimeout(resolve, 50));
    response.destroy();
  },
};

function send(response: ServerResponse, model: string, content: string): void {
  sendDelta(response, model, { content });
}

function sendDelta(response: ServerResponse, model: string, delta: object): void {
  const chunk = { ...head(model), choices: [{ index: 0, delta, finish_reason: null }] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
