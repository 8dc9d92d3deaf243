import { expect, it } from "vitest";
import type { MachineInvitation, NodeInfo } from "@/lib/api_types";
import { addressesOf, arrivalOf } from "./machine_arrival";

const INVITATION: MachineInvitation = { id: "UA", name: null, created_at: 100, expires_at: 200, invited_by: "ada" };

function machine(name: string, joinedAt: number, models: number | null = 2): NodeInfo {
  return {
    name,
    instances: models === null ? [] : [{ service: "processor", models: Array.from({ length: models }) }],
    joined: { name, kind: "processor", joined_at: joinedAt, invited_by: "ada" },
  } as unknown as NodeInfo;
}

const LISTS = { nodes: [] as NodeInfo[], open: ["UA"] as string[] | null, before: [] as string[], nowS: 150 };

it("waits while the invitation is open", () => {
  expect(arrivalOf(INVITATION, LISTS)).toEqual({ state: "waiting" });
  expect(arrivalOf(INVITATION, { ...LISTS, open: null })).toEqual({ state: "waiting" });
});

it("is over when the invitation expired or was revoked", () => {
  expect(arrivalOf(INVITATION, { ...LISTS, nowS: 200 })).toEqual({ state: "over" });
  expect(arrivalOf(INVITATION, { ...LISTS, open: [] })).toEqual({ state: "over" });
});

it("knows the machine that has come from those that were there and from others", () => {
  const nodes = [machine("old", 50), machine("before", 120), machine("new", 130)];
  const lists = { ...LISTS, open: [], nodes, before: ["old", "before"] };
  expect(arrivalOf(INVITATION, lists)).toEqual({ state: "joined", name: "new", models: 2, serving: true });
  expect(arrivalOf({ ...INVITATION, name: "other" }, lists)).toEqual({ state: "over" });
  expect(arrivalOf({ ...INVITATION, name: "new" }, lists)).toMatchObject({ state: "joined", name: "new" });
});

it("tells joined from serving", () => {
  const lists = { ...LISTS, open: [], nodes: [machine("new", 130, null)] };
  expect(arrivalOf(INVITATION, lists)).toEqual({ state: "joined", name: "new", models: 0, serving: false });
});

it("takes no machine for the invited one while another may still come", () => {
  expect(arrivalOf(INVITATION, { ...LISTS, nodes: [machine("other", 130)] })).toEqual({ state: "waiting" });
});

it("reads addresses as people type them", () => {
  expect(addressesOf(" box:7422, 192.0.2.1 \n[::1]:1,")).toEqual(["box:7422", "192.0.2.1", "[::1]:1"]);
  expect(addressesOf("")).toEqual([]);
});
