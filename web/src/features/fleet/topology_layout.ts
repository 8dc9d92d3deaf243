import type { InstanceInfo, NodeInfo } from "@/lib/api_types";

export interface PlacedInstance {
  info: InstanceInfo;
  node: string;
  x: number;
  y: number;
}

export interface Picture {
  instances: PlacedInstance[];
  frames: { node: string; x: number; y: number; width: number; height: number }[];
  /** Who calls whom: pairs of instance ids. */
  links: [string, string][];
}

const COLUMNS: Record<string, number> = { bridge: 0, client: 1, gateway: 2, auth: 3, processor: 3 };
const CALLS: [string, string][] = [
  ["bridge", "client"],
  ["client", "gateway"],
  ["gateway", "auth"],
  ["gateway", "processor"],
];
export const CARD = { width: 210, height: 84 };
const GAP = { x: 70, y: 18 };
const PADDING = 20;
const TITLE = 34;

/** Where everything goes: a frame for each node, in it a column for each step of the path of a request. */
export function pictureOf(nodes: readonly NodeInfo[]): Picture {
  const instances: PlacedInstance[] = [];
  const frames: Picture["frames"] = [];
  let top = 0;
  for (const node of nodes) {
    const filled: number[] = [0, 0, 0, 0];
    for (const info of node.instances) {
      const column = COLUMNS[info.service] ?? 3;
      const row = filled[column] ?? 0;
      filled[column] = row + 1;
      instances.push({
        info,
        node: node.name,
        x: PADDING + column * (CARD.width + GAP.x),
        y: top + TITLE + PADDING + row * (CARD.height + GAP.y),
      });
    }
    const rows = Math.max(1, ...filled);
    const height = TITLE + 2 * PADDING + rows * CARD.height + (rows - 1) * GAP.y;
    frames.push({ node: node.name, x: 0, y: top, width: 2 * PADDING + 4 * CARD.width + 3 * GAP.x, height });
    top += height + 28;
  }
  return { instances, frames, links: linksOf(instances) };
}

function linksOf(instances: readonly PlacedInstance[]): [string, string][] {
  return CALLS.flatMap(([from, to]) =>
    instances
      .filter(({ info }) => info.service === from)
      .flatMap((caller) =>
        instances
          .filter(({ info }) => info.service === to)
          .map((called): [string, string] => [caller.info.instance, called.info.instance]),
      ),
  );
}

export type Direction = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** The nearest instance in a direction of the picture; what lies straight ahead goes before what lies aside. */
export function neighbourOf(instances: readonly PlacedInstance[], from: string, direction: Direction): string | null {
  const start = instances.find(({ info }) => info.instance === from);
  if (start === undefined) return null;
  const sideways = direction === "ArrowLeft" || direction === "ArrowRight";
  const sign = direction === "ArrowRight" || direction === "ArrowDown" ? 1 : -1;
  let best: { id: string; cost: number } | null = null;
  for (const { info, x, y } of instances) {
    const ahead = sign * (sideways ? x - start.x : y - start.y);
    const aside = Math.abs(sideways ? y - start.y : x - start.x);
    const cost = ahead + 2 * aside;
    if (ahead > 0 && (best === null || cost < best.cost)) best = { id: info.instance, cost };
  }
  return best?.id ?? null;
}
