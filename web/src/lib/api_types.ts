import type { Complete } from "./complete";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Sampling = Schemas["Sampling"];
export type ChatMessage = Schemas["ChatMessage"];
export type Generate = Schemas["Generate"];
export type Scope = "inference" | "account" | "admin";
export type Role = "admin" | "member";

export type Problem = Complete<Schemas["Problem"]>;
export type User = Complete<Schemas["UserInfo"]>;
export type SessionTokens = Complete<Schemas["SessionTokens"]>;
export type SessionInfo = Complete<Schemas["SessionInfo"]>;
export type KeyInfo = Complete<Schemas["KeyInfo"]>;
export type InvitationInfo = Complete<Schemas["InvitationInfo"]>;
export type ModelInfo = Complete<Schemas["ModelInfo"]>;
export type CatalogueModel = Complete<Schemas["CatalogueModel"]>;
export type NodeInfo = Complete<Schemas["NodeInfo"]>;
export type MachineInvitation = Complete<Schemas["NodeInvitation"]>;
export type CreatedMachineInvitation = Complete<Schemas["CreatedNodeInvitation"]>;
export type InstanceInfo = Complete<Schemas["InstanceInfo"]>;
export type RunningPull = Complete<Schemas["RunningPull"]>;
export type PullProgress = Complete<Schemas["PullProgress"]>;
export type ConversationInfo = Complete<Schemas["ConversationInfo"]>;
export type StoredMessage = Complete<Schemas["StoredMessage"]>;
export type Conversation = Complete<Schemas["Conversation"]>;
export type GenerationInfo = Complete<Schemas["GenerationInfo"]>;
export type UsageRow = Complete<Schemas["UsageRow"]>;
export type UsageTotals = Complete<Schemas["UsageTotals"]>;
export type AuditEvent = Complete<Schemas["AuditEvent"]>;
export type KeptContent = Complete<Schemas["KeptContent"]>;
export type KeptMessage = Complete<Schemas["KeptMessage"]>;
export type SettingInForce = Complete<Schemas["SettingInForce"]>;
export type Usage = Complete<Schemas["Usage"]>;
export type TimeLine = Complete<Schemas["TimeLine"]>;

export type GenerationEvent =
  | Complete<Schemas["Queued"]>
  | Complete<Schemas["Loading"]>
  | Complete<Schemas["Started"]>
  | Complete<Schemas["Delta"]>
  | Complete<Schemas["Finished"]>
  | Complete<Schemas["Failed"]>;
