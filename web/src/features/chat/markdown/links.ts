const SAFE = /^(https?:\/\/|mailto:)/i;

/** The address of a link in an answer, or null for one that must not be followed. */
export function safeAddress(address: string | undefined): string | null {
  if (address === undefined || address.length > 4000) return null;
  const trimmed = address.trim();
  if (!SAFE.test(trimmed)) return null;
  try {
    const { protocol } = new URL(trimmed);
    return ["http:", "https:", "mailto:"].includes(protocol) ? trimmed : null;
  } catch {
    return null;
  }
}
