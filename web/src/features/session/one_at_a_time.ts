import { randomId } from "@/lib/identifiers";
import { readJson, writeStored } from "@/lib/storage";

const LEASE_MS = 10_000;

/** Runs `work` while no other tab of this browser runs work of that name. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (navigator.locks) return navigator.locks.request(name, work);
  // Pages served over plain HTTP have no locks: a lease in the storage that tabs share does nearly as well.
  const key = `${name}.lease`;
  const mine = randomId();
  for (;;) {
    const held = readJson<{ by: string; until: number }>(key);
    if (held === null || held.until < Date.now()) {
      writeStored(key, JSON.stringify({ by: mine, until: Date.now() + LEASE_MS }));
      await pause(25);
      if (readJson<{ by: string }>(key)?.by === mine) break;
    }
    await pause(50);
  }
  try {
    return await work();
  } finally {
    if (readJson<{ by: string }>(key)?.by === mine) writeStored(key, null);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
