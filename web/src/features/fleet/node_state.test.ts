import { expect, it } from "vitest";
import type { InstanceInfo, NodeInfo } from "@/lib/api_types";
import { drainStateOf } from "./node_state";

const node = (...instances: [service: string, state: InstanceInfo["state"]][]): NodeInfo => ({
  name: "n",
  joined: null,
  instances: instances.map(([service, state]) => ({ service, state }) as InstanceInfo),
});

it("is drained once all of its processors are", () => {
  expect(drainStateOf(node(["processor", "draining"], ["gateway", "serving"]))).toBe("draining");
  expect(drainStateOf(node(["processor", "draining"], ["processor", "serving"]))).toBe("serving");
});

it("has nothing to drain without a processor", () => {
  expect(drainStateOf(node(["gateway", "draining"]))).toBeNull();
});
