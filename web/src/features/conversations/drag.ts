import type { ConversationInfo } from "@/lib/api_types";

const TYPE = "application/x-covey-conversation";

/** Marks a conversation as what is being dragged. */
export function dragged(transfer: DataTransfer, info: ConversationInfo): void {
  transfer.effectAllowed = "move";
  transfer.setData(TYPE, JSON.stringify(info));
}

/** Whether a conversation of this interface is what is held over a place. What it is shows only when it is let go. */
export function isDragged(transfer: DataTransfer): boolean {
  return transfer.types.includes(TYPE);
}

export function dropped(transfer: DataTransfer): ConversationInfo | null {
  try {
    const value: unknown = JSON.parse(transfer.getData(TYPE));
    return typeof value === "object" && value !== null && "id" in value ? (value as ConversationInfo) : null;
  } catch {
    return null;
  }
}
