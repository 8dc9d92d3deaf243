import type { Sampling } from "@/lib/api_types";

/** `{"type": "json_object"}`, or a schema as OpenAI has it. */
export type ResponseFormat =
  | { type: "json_object" }
  | { type: "json_schema"; json_schema: { name: string; schema: Record<string, unknown> } };

/** What a conversation's settings say about its answers, as they are stored with it. What is left out is the default. */
export interface ConversationSettings {
  system_prompt?: string;
  sampling?: Partial<Sampling>;
  reasoning_effort?: string | null;
  response_format?: ResponseFormat | null;
}

export type NumberName =
  | "temperature"
  | "top_p"
  | "top_k"
  | "min_p"
  | "repeat_penalty"
  | "presence_penalty"
  | "frequency_penalty"
  | "seed"
  | "max_tokens";

export interface NumberRange {
  least: number;
  most: number;
  whole?: boolean;
  /** `least` itself is not allowed. */
  above?: boolean;
  /** Where it changes nothing. */
  neutral?: number;
}

/** As the service checks them. */
export const RANGES: Record<NumberName, NumberRange> = {
  temperature: { least: 0, most: 2, neutral: 1 },
  top_p: { least: 0, most: 1, above: true, neutral: 1 },
  top_k: { least: 0, most: 1000, whole: true },
  min_p: { least: 0, most: 1 },
  repeat_penalty: { least: 0, most: 10 },
  presence_penalty: { least: -2, most: 2, neutral: 0 },
  frequency_penalty: { least: -2, most: 2, neutral: 0 },
  seed: { least: 0, most: 2 ** 32 - 1, whole: true },
  max_tokens: { least: 1, most: 2 ** 31 - 1, whole: true },
};

export const MOST_STOPS = 16;
export const LONGEST_STOP = 500;
/** The service keeps at most 16 KiB of settings with a conversation. */
export const LARGEST_SETTINGS_BYTES = 16_384;

/** A number as people type it: with a comma, or in Arabic digits. null: nothing typed; NaN: no number. */
export function parseNumber(typed: string): number | null {
  const text = typed
    .trim()
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[,٫]/g, ".")
    .replace(/^−/, "-");
  if (text === "") return null;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

export function inRange(value: number, range: NumberRange): boolean {
  if (!Number.isFinite(value) || (range.whole === true && !Number.isInteger(value))) return false;
  return value <= range.most && (range.above === true ? value > range.least : value >= range.least);
}

function without<Whole extends object, Name extends keyof Whole>(whole: Whole, name: Name): Omit<Whole, Name> {
  const rest = { ...whole };
  delete rest[name];
  return rest;
}

/** The settings with one parameter of the sampling changed; null or an empty list removes it. */
export function withSampling<Name extends keyof Sampling>(
  settings: ConversationSettings,
  name: Name,
  value: Sampling[Name] | null,
): ConversationSettings {
  const others = without(settings.sampling ?? {}, name);
  const empty = value == null || (Array.isArray(value) && value.length === 0);
  const sampling = (empty ? others : { ...others, [name]: value }) as Partial<Sampling>;
  const rest = without(settings, "sampling");
  return Object.keys(sampling).length === 0 ? rest : { ...rest, sampling };
}

export type PlainName = "system_prompt" | "reasoning_effort" | "response_format";

/** The settings with one of the other entries changed; empty values remove it. */
export function withEntry<Name extends PlainName>(
  settings: ConversationSettings,
  name: Name,
  value: ConversationSettings[Name],
): ConversationSettings {
  const rest = without(settings, name);
  return value == null || value === "" ? rest : { ...rest, [name]: value };
}

/** How many settings differ from the defaults. */
export function countChanged(settings: ConversationSettings): number {
  const plain = [settings.system_prompt, settings.reasoning_effort, settings.response_format].filter(Boolean).length;
  return plain + Object.values(settings.sampling ?? {}).filter((value) => value != null && !(Array.isArray(value) && value.length === 0)).length;
}

/** A JSON Schema as somebody typed it; null when it is none. */
export function parseSchema(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/**
 * Settings out of any stored value: what is malformed or out of its range is left out, so that what an old or strange
 * client has stored can never make every question fail.
 */
export function readSettings(stored: unknown): ConversationSettings {
  if (typeof stored !== "object" || stored === null) return {};
  const given = stored as Record<string, unknown>;
  let settings: ConversationSettings = {};
  if (typeof given.system_prompt === "string") settings = withEntry(settings, "system_prompt", given.system_prompt);
  if (typeof given.reasoning_effort === "string" && given.reasoning_effort.length <= 32) {
    settings = withEntry(settings, "reasoning_effort", given.reasoning_effort);
  }
  const format = readFormat(given.response_format);
  if (format !== null) settings = withEntry(settings, "response_format", format);
  const sampling = (typeof given.sampling === "object" && given.sampling !== null ? given.sampling : {}) as Record<string, unknown>;
  for (const [name, range] of Object.entries(RANGES)) {
    const value = sampling[name];
    if (typeof value === "number" && inRange(value, range)) settings = withSampling(settings, name as NumberName, value);
  }
  const stops = Array.isArray(sampling.stop) ? sampling.stop.filter(isStop).slice(0, MOST_STOPS) : [];
  return withSampling(settings, "stop", stops);
}

export function isStop(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST_STOP;
}

function readFormat(value: unknown): ResponseFormat | null {
  if (typeof value !== "object" || value === null) return null;
  const given = value as { type?: unknown; json_schema?: { name?: unknown; schema?: unknown } };
  if (given.type === "json_object") return { type: "json_object" };
  const schema = given.json_schema?.schema;
  if (given.type !== "json_schema" || typeof schema !== "object" || schema === null || Array.isArray(schema)) return null;
  const name = typeof given.json_schema?.name === "string" ? given.json_schema.name : "answer";
  return { type: "json_schema", json_schema: { name, schema: schema as Record<string, unknown> } };
}
