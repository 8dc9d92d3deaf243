import { expect, it } from "vitest";
import type { CatalogueModel } from "@/lib/api_types";
import { modelFor } from "./model_choice";

const model = (name: string, more: object = {}) =>
  ({ model: { name, aliases: [], state: "cold", is_default: false, ...more }, instances: [], nodes: [] }) as unknown as CatalogueModel;
const models = [model("a"), model("b", { is_default: true, aliases: ["latest"] }), model("c", { state: "unavailable" })];

it("takes the chat's own model, then the last one, then the default", () => {
  expect(modelFor(models, "a", "c")?.model.name).toBe("a");
  expect(modelFor(models, null, "a")?.model.name).toBe("a");
  expect(modelFor(models, "gone", null)?.model.name).toBe("b");
  expect(modelFor(models, "latest", null)?.model.name).toBe("b");
});

it("does not begin with a model that is away, unless there is no other", () => {
  expect(modelFor([model("x", { state: "unavailable" }), model("y")], null, null)?.model.name).toBe("y");
  expect(modelFor([model("x", { state: "unavailable" })], null, null)?.model.name).toBe("x");
  expect(modelFor([], "a", "b")).toBeNull();
});
