import { expect, it } from "vitest";
import type { SettingInForce } from "@/lib/api_types";
import { bySection, foundSettings, shownValue } from "./setting_search";

const setting = (path: string, about: string, origin: SettingInForce["origin"] = "default") =>
  ({ path, about, origin, value: 1, secret: false }) as SettingInForce;
const all = [setting("bridge.port", "Where it listens."), setting("bridge.host", "The address.", "file"), setting("log.level", "How much is written.")];

it("finds by all words in path or meaning", () => {
  expect(foundSettings(all, "bridge LISTENS", false).map(({ path }) => path)).toEqual(["bridge.port"]);
  expect(foundSettings(all, "", false)).toHaveLength(3);
});

it("shows what was set by somebody alone", () => {
  expect(foundSettings(all, "", true).map(({ path }) => path)).toEqual(["bridge.host"]);
});

it("groups by the first part of the path", () => {
  expect(bySection(all).map(([section, settings]) => [section, settings.length])).toEqual([
    ["bridge", 2],
    ["log", 1],
  ]);
});

it("writes values as a file would have them", () => {
  expect([shownValue("a"), shownValue(["a"]), shownValue(null), shownValue(false)]).toEqual(["a", '["a"]', "null", "false"]);
});
