const firstIds = new Map<string, string>();

/** A message that was on the page before the service named it keeps its place there under its first id. */
export function sameRow(id: string, firstId: string): void {
  firstIds.set(id, firstId);
}

export function rowKey(id: string): string {
  return firstIds.get(id) ?? id;
}
