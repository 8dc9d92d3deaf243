import type { NodeInfo } from "@/lib/api_types";

/** Whether the node's processors can be taken out of service, or back; null: it has none. */
export function drainStateOf(node: NodeInfo): "draining" | "serving" | null {
  const processors = node.instances.filter((info) => info.service === "processor");
  if (processors.length === 0) return null;
  return processors.every((info) => info.state === "draining") ? "draining" : "serving";
}
