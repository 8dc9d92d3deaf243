import { randomId } from "@/lib/identifiers";
import type { Preferences } from "@/lib/preferences";
import { type ConversationSettings, readSettings } from "./settings";

/** Settings under a name, kept with the person's preferences. */
export interface Preset {
  id: string;
  name: string;
  settings: ConversationSettings;
}

export const LONGEST_NAME = 60;
const MOST_PRESETS = 40;

export function readPresets(values: Preferences): Preset[] {
  if (!Array.isArray(values.presets)) return [];
  return values.presets.slice(0, MOST_PRESETS).flatMap((each: unknown) => {
    const given = each as Partial<Preset> | null;
    if (typeof given?.id !== "string" || typeof given.name !== "string") return [];
    return [{ id: given.id, name: given.name.slice(0, LONGEST_NAME), settings: readSettings(given.settings) }];
  });
}

const change = (work: (presets: Preset[]) => Preset[]) => (values: Preferences) => ({ presets: work(readPresets(values)) });

/** Under a name that is taken, the preset of that name gets the new settings. */
export function savePreset(name: string, settings: ConversationSettings) {
  const id = randomId();
  return change((presets) => {
    const same = presets.find((each) => each.name === name);
    if (same !== undefined) return presets.map((each) => (each === same ? { ...each, settings } : each));
    return [...presets, { id, name: name.slice(0, LONGEST_NAME), settings }].slice(-MOST_PRESETS);
  });
}

export const renamePreset = (id: string, name: string) =>
  change((presets) => presets.map((each) => (each.id === id ? { ...each, name: name.slice(0, LONGEST_NAME) } : each)));

export const deletePreset = (id: string) => change((presets) => presets.filter((each) => each.id !== id));
