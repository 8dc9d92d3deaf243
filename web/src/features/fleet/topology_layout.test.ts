import { expect, it } from "vitest";
import type { InstanceInfo, NodeInfo } from "@/lib/api_types";
import { CARD, neighbourOf, pictureOf } from "./topology_layout";

const instance = (service: string, number: number, node: string) => ({ service, instance: `${service}-${number}`, node }) as InstanceInfo;
const nodes = [
  { name: "one", instances: ["bridge", "client", "gateway", "auth", "processor"].map((role) => instance(role, 1, "one")) },
  { name: "two", instances: [instance("processor", 2, "two"), instance("processor", 3, "two")] },
] as NodeInfo[];

it("links every step of a request's path, across nodes too", () => {
  const { links } = pictureOf(nodes);
  expect(links).toContainEqual(["bridge-1", "client-1"]);
  expect(links).toContainEqual(["gateway-1", "processor-3"]);
  expect(links).not.toContainEqual(["bridge-1", "gateway-1"]);
});

it("puts nothing on top of anything else, and everything into its node's frame", () => {
  const { instances, frames } = pictureOf(nodes);
  for (const one of instances) {
    const frame = frames.find(({ node }) => node === one.node);
    expect(frame && one.y >= frame.y && one.y + CARD.height <= frame.y + frame.height).toBe(true);
    expect(frame && one.x >= frame.x && one.x + CARD.width <= frame.x + frame.width).toBe(true);
    const covering = instances.filter((other) => other !== one && Math.abs(other.x - one.x) < CARD.width && Math.abs(other.y - one.y) < CARD.height);
    expect(covering).toEqual([]);
  }
});

it("moves to the nearest instance in a direction", () => {
  const place = (id: string, x: number, y: number) => ({ info: { instance: id } as InstanceInfo, node: "n", x, y });
  const placed = [place("a", 0, 0), place("b", 100, 0), place("c", 100, 50), place("d", 300, 0)];
  expect(neighbourOf(placed, "a", "ArrowRight")).toBe("b");
  expect(neighbourOf(placed, "b", "ArrowDown")).toBe("c");
  expect(neighbourOf(placed, "b", "ArrowRight")).toBe("d");
  expect(neighbourOf(placed, "a", "ArrowLeft")).toBeNull();
  expect(neighbourOf(placed, "nobody", "ArrowLeft")).toBeNull();
});
