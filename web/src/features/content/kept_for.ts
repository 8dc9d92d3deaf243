const UNITS: [seconds: number, unit: "day" | "hour" | "minute"][] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];

/** A time as people of a language write it, in the largest unit that says it, and never too little. */
export function keptFor(seconds: number, locale: string): string {
  const [length, unit] = UNITS.find(([each]) => seconds >= each) ?? [60, "minute" as const];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(Math.max(1, Math.ceil(seconds / length)));
}
