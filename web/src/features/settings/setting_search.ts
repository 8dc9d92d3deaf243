import type { SettingInForce } from "@/lib/api_types";

/** The settings whose path or meaning has all words, and that were set by somebody if `onlySet`. */
export function foundSettings(settings: readonly SettingInForce[], search: string, onlySet: boolean): SettingInForce[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter(({ path, about, origin }) => {
    if (onlySet && origin === "default") return false;
    const text = `${path} ${about}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Settings by the first part of their path, in the order they come. */
export function bySection(settings: readonly SettingInForce[]): [section: string, settings: SettingInForce[]][] {
  const sections = new Map<string, SettingInForce[]>();
  for (const setting of settings) {
    const section = setting.path.split(".")[0] ?? setting.path;
    const present = sections.get(section);
    if (present === undefined) sections.set(section, [setting]);
    else present.push(setting);
  }
  return [...sections];
}

/** A value as one would write it in the settings file. */
export function shownValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
