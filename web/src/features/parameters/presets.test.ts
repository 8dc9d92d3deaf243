import { expect, it } from "vitest";
import { deletePreset, readPresets, renamePreset, savePreset } from "./presets";

it("saves, replaces, renames and deletes", () => {
  const one = savePreset("Brief", { system_prompt: "Be brief" })({});
  const id = one.presets[0]?.id ?? "";
  expect(savePreset("Brief", {})(one).presets).toEqual([{ id, name: "Brief", settings: {} }]);
  expect(renamePreset(id, "Short")(one).presets[0]?.name).toBe("Short");
  expect(deletePreset(id)(one).presets).toEqual([]);
});

it("makes nothing of what is no preset", () => {
  expect(readPresets({ presets: "no" })).toEqual([]);
  expect(readPresets({ presets: [null, { id: "1" }, { id: "2", name: "two", settings: { sampling: { seed: -1 } } }] })).toEqual([
    { id: "2", name: "two", settings: {} },
  ]);
});
