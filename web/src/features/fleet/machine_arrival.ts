import type { MachineInvitation, NodeInfo } from "@/lib/api_types";

/** What became of an invitation, as far as the lists tell. */
export type Arrival =
  | { state: "waiting" }
  | { state: "joined"; name: string; models: number; serving: boolean }
  | { state: "over" };

interface Lists {
  nodes: readonly NodeInfo[];
  /** Ids of the invitations that are open; null: not known yet. */
  open: readonly string[] | null;
  /** Names of machines that had joined before. */
  before: readonly string[];
  nowS: number;
}

/** Whether the invited machine has come: it is the one that was not there before and is called as was said. */
export function arrivalOf(invitation: MachineInvitation, { nodes, open, before, nowS }: Lists): Arrival {
  const still = open === null || open.includes(invitation.id);
  if (!still) {
    const come = nodes.find(
      (node) =>
        node.joined !== null &&
        !before.includes(node.name) &&
        node.joined.joined_at >= invitation.created_at &&
        (invitation.name === null || invitation.name === node.name),
    );
    if (come !== undefined) {
      const processor = come.instances.find((one) => one.service === "processor");
      return { state: "joined", name: come.name, models: processor?.models.length ?? 0, serving: processor !== undefined };
    }
  }
  return still && invitation.expires_at > nowS ? { state: "waiting" } : { state: "over" };
}

/** `host:port` or `host`, separated by commas or spaces, as a list. */
export function addressesOf(typed: string): string[] {
  return typed.split(/[\s,]+/).filter((part) => part !== "");
}
