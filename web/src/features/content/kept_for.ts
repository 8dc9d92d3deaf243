import type { MessageKey } from "@/i18n/locale";

const UNITS: [seconds: number, key: "contentKeptDays" | "contentKeptHours" | "contentKeptMinutes"][] = [
  [86_400, "contentKeptDays"],
  [3_600, "contentKeptHours"],
  [60, "contentKeptMinutes"],
];

/** The sentence that says for how long, and its number: in the largest unit that says it, and never too little. */
export function keptFor(seconds: number): { key: MessageKey; count: number } {
  const [length, key] = UNITS.find(([each]) => seconds >= each) ?? [60, "contentKeptMinutes" as const];
  return { key, count: Math.max(1, Math.ceil(seconds / length)) };
}
