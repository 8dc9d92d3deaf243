import type { MessageKey } from "@/i18n/locale";
import type { InstanceInfo } from "@/lib/api_types";

export const ROLES: Record<string, MessageKey> = {
  bridge: "roleBridge",
  client: "roleClient",
  gateway: "roleGateway",
  auth: "roleAuth",
  processor: "roleProcessor",
};

export const INSTANCE_STATES: Record<
  InstanceInfo["state"],
  { label: MessageKey; colour: "success" | "info" | "warning" | "default" | "error" }
> = {
  serving: { label: "instanceServing", colour: "success" },
  starting: { label: "instanceStarting", colour: "info" },
  draining: { label: "instanceDraining", colour: "warning" },
  stopped: { label: "instanceStopped", colour: "default" },
  failed: { label: "instanceFailed", colour: "error" },
};
