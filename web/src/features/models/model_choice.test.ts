import { expect, it } from "vitest";
import type { CatalogueModel, RunningPull } from "@/lib/api_types";
import { arrived, downloadsOf, findModels, modelNamed, preferredModel } from "./model_choice";

function model(name: string, facts: Partial<CatalogueModel["model"]> = {}): CatalogueModel {
  return {
    model: { name, aliases: [], state: "cold", capabilities: ["chat"], is_default: false, family: null, parameters: null, quantization: null, ...facts },
    instances: [],
    nodes: ["one"],
  } as unknown as CatalogueModel;
}

const small = model("smol", { aliases: ["tiny"], is_default: true });
const large = model("large", { state: "loaded", family: "llama", parameters: "70B" });
const broken = model("broken", { state: "unavailable" });
const vectors = model("vectors", { capabilities: ["embedding"] });
const all = [broken, small, large, vectors];

it("finds models by all words and puts ready ones first", () => {
  expect(findModels(all, "").map((each) => each.model.name)).toEqual(["large", "smol", "vectors", "broken"]);
  expect(findModels(all, "LLAMA 70b")).toEqual([large]);
  expect(findModels(all, "tiny")).toEqual([small]);
  expect(findModels(all, "llama nothing")).toEqual([]);
});

it("takes a name before an alias", () => {
  const other = model("tiny");
  expect(modelNamed([small, other], "tiny")).toBe(other);
  expect(modelNamed([small], "tiny")).toBe(small);
});

it("begins with the remembered model, or the default when that one cannot run", () => {
  expect(preferredModel(all, "large")).toBe("large");
  expect(preferredModel(all, "broken")).toBe("smol");
  expect(preferredModel(all, { strange: true })).toBe("smol");
  expect(preferredModel([vectors], "vectors")).toBeNull();
  expect(preferredModel([broken], null)).toBe("broken");
});

it("lists each download once until its model is there", () => {
  const pull = (id: string, name: string, total: number | null, completed: number | null): RunningPull => ({
    id, model: name, instance: "i", node: "n", started_at: 0, progress: { status: "downloading", digest: null, total_bytes: total, completed_bytes: completed },
  });
  const pulls = [pull("1", "qwen:4b", 200, 86), pull("2", "qwen:4b", null, null), pull("3", "tiny", 10, 1)];
  expect(downloadsOf(pulls, all, "").map(({ id }) => id)).toEqual(["1"]);
  expect(downloadsOf(pulls, [], "TINY").map(({ id }) => id)).toEqual(["3"]);
  expect(pulls.map(arrived)).toEqual([0.43, null, 0.1]);
  expect(arrived(pull("4", "x", 10, 12))).toBe(1);
});
