/** A random id. `crypto.randomUUID` exists only on pages served over HTTPS or from this machine; this works on all. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
