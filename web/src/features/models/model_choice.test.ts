import { expect, it } from "vitest";
import type { CatalogueModel } from "@/lib/api_types";
import { findModels, modelNamed, preferredModel } from "./model_choice";

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
