import type { ChatMessage, Generate } from "@/lib/api_types";

/** What a chat sends: enough of a generation to write it down in any language. */
export type CodeRequest = Pick<Generate, "model"> &
  Partial<Pick<Generate, "messages" | "sampling" | "reasoning_effort" | "response_format">>;

export type Language = "curl" | "python" | "javascript" | "fetch" | "covey";

const PICTURE = "data:image/png;base64,…";

/** The body of `POST /v1/chat/completions` that asks the same. Pictures are left out, for they are long. */
export function bodyOf(request: CodeRequest): Record<string, unknown> {
  const sampling = Object.entries(request.sampling ?? {}).filter(([, value]) => value != null && !(Array.isArray(value) && value.length === 0));
  return {
    model: request.model,
    messages: (request.messages ?? []).map(plainMessage),
    ...Object.fromEntries(sampling),
    ...(request.reasoning_effort && { reasoning_effort: request.reasoning_effort }),
    ...(request.response_format && { response_format: request.response_format }),
  };
}

function plainMessage(message: ChatMessage): Record<string, unknown> {
  const { role, content, name, tool_calls: calls, tool_call_id: callId } = message;
  const parts = Array.isArray(content)
    ? content.map((part) => (part.type === "image_url" ? { type: "image_url", image_url: { url: PICTURE } } : part))
    : (content ?? "");
  return { role, content: parts, ...(name && { name }), ...(calls?.length && { tool_calls: calls }), ...(callId && { tool_call_id: callId }) };
}

/** What to type into a shell once, so that the code finds the key. */
export function variableFor(secret: string): string {
  return `export COVEY_API_KEY=${shellWord(secret)}`;
}

/** The same request in a language. `origin` is where this service is reached. */
export function codeFor(language: Language, request: CodeRequest, origin: string): string {
  return WRITERS[language](request, origin);
}

const WRITERS: Record<Language, (request: CodeRequest, origin: string) => string> = {
  curl: curlCode,
  python: pythonCode,
  javascript: javascriptCode,
  fetch: fetchCode,
  covey: coveyCode,
};

// What cannot be seen, or turns the direction of what stands beside it, could make code read otherwise than it runs.
const INVISIBLE = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/; // eslint-disable-line no-control-regex -- these are what is looked for

const unicode = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Half characters replaced: nothing can send them. */
export const wellFormed = (text: string) => text.replace(/\p{Cs}/gu, "\ufffd");

/** JSON that is also JavaScript, and whose strings are also Python's. */
function json(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? wellFormed(each) : each), indent);
  return text.replace(INVISIBLE, unicode);
}

/** One word of a POSIX shell, whatever the text holds. */
export function shellWord(text: string): string {
  const whole = wellFormed(text).replace(/\0/g, "");
  if (/^[A-Za-z0-9_./:=@%+-]+$/.test(whole) && !whole.startsWith("-")) return whole;
  if (CONTROL.test(whole) || whole.search(INVISIBLE) !== -1) {
    const escaped = whole.replace(/[\\']/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t");
    return `$'${escaped.replace(new RegExp(`${CONTROL.source}|${INVISIBLE.source}`, "g"), unicode)}'`;
  }
  return `'${whole.replace(/'/g, "'\\''")}'`;
}

function curlCode(request: CodeRequest, origin: string): string {
  return [
    `curl ${shellWord(`${origin}/v1/chat/completions`)} \\`,
    `  -H "Authorization: Bearer $COVEY_API_KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${json(bodyOf(request), 2).replace(/'/g, "'\\''")}'`,
  ].join("\n");
}

/** A value as Python writes it. */
export function pythonValue(value: unknown, indent = 0): string {
  const inner = " ".repeat(indent + 4);
  const outer = " ".repeat(indent);
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((each) => `${inner}${pythonValue(each, indent + 4)},\n`).join("")}${outer}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    return `{\n${entries.map(([key, each]) => `${inner}${json(key)}: ${pythonValue(each, indent + 4)},\n`).join("")}${outer}}`;
  }
  return json(value);
}

/** Parameters that the package does not know by name. */
const EXTRA = ["top_k", "min_p", "repeat_penalty"];

function pythonCode(request: CodeRequest, origin: string): string {
  const body = Object.entries(bodyOf(request));
  const extra = Object.fromEntries(body.filter(([name]) => EXTRA.includes(name)));
  const named: [string, unknown][] = body.filter(([name]) => !EXTRA.includes(name));
  if (Object.keys(extra).length > 0) named.push(["extra_body", extra]);
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url=${json(`${origin}/v1`)}, api_key=os.environ["COVEY_API_KEY"])`,
    "stream = client.chat.completions.create(",
    ...named.map(([name, value]) => `    ${name}=${pythonValue(value, 4)},`),
    "    stream=True,",
    ")",
    "for chunk in stream:",
    "    if chunk.choices:",
    '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
    "print()",
  ].join("\n");
}

function javascriptCode(request: CodeRequest, origin: string): string {
  return [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: ${json(`${origin}/v1`)}, apiKey: process.env.COVEY_API_KEY });`,
    `const stream = await client.chat.completions.create(${json({ ...bodyOf(request), stream: true }, 2)});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
    "}",
  ].join("\n");
}

function fetchCode(request: CodeRequest, origin: string): string {
  return [
    `const response = await fetch(${json(`${origin}/v1/chat/completions`)}, {`,
    '  method: "POST",',
    "  headers: {",
    "    Authorization: `Bearer ${process.env.COVEY_API_KEY}`,",
    '    "Content-Type": "application/json",',
    "  },",
    `  body: JSON.stringify(${json(bodyOf(request), 2).replace(/\n/g, "\n  ")}),`,
    "});",
    "const answer = await response.json();",
    "console.log(answer.choices[0].message.content);",
  ].join("\n");
}

/** Asks the last question alone: this command holds no history. */
function coveyCode(request: CodeRequest, origin: string): string {
  const { model, messages, ...parameters } = bodyOf(request) as { model: string; messages: { role: string; content: unknown }[] };
  const system = messages.find((message) => message.role === "system");
  const question = messages.findLast((message) => message.role === "user");
  const options = Object.entries(parameters).map(([name, value]) => `-p ${shellWord(`${name}=${json(value)}`)}`);
  return [
    `covey --url ${shellWord(origin)} run --model ${shellWord(model)}`,
    ...(system === undefined ? [] : [`--system ${shellWord(textOf(system.content))}`]),
    ...options,
    `-- ${shellWord(question === undefined ? "…" : textOf(question.content))}`,
  ].join(" \\\n  ");
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content);
  return content.map((part: { type: string; text?: string }) => (part.type === "text" ? (part.text ?? "") : "")).join("");
}
