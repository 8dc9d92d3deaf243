import { create } from "zustand";
import { useSession } from "@/features/session/session";
import { readJson, writeStored } from "@/lib/storage";

const STORED = "covey.folders";

interface SidebarState {
  search: string;
  /** Names of the folders that are unfolded. */
  openFolders: readonly string[];
  /** null: nothing is being selected. */
  selected: ReadonlySet<string> | null;
  /** The conversation whose title is being changed, by the key of its row. */
  renaming: string | null;
}

const initial = (): SidebarState => ({ search: "", openFolders: storedFolders(), selected: null, renaming: null });

/** What the side bar shows, apart from the conversations themselves. */
export const useSidebarStore = create<SidebarState>(initial);

export function toggleFolder(name: string): void {
  const { openFolders } = useSidebarStore.getState();
  const next = openFolders.includes(name) ? openFolders.filter((each) => each !== name) : [...openFolders, name];
  writeStored(STORED, JSON.stringify(next.slice(-50)));
  useSidebarStore.setState({ openFolders: next });
}

export function toggleSelected(id: string): void {
  const next = new Set(useSidebarStore.getState().selected);
  if (!next.delete(id)) next.add(id);
  useSidebarStore.setState({ selected: next });
}

function storedFolders(): string[] {
  const stored = readJson<unknown>(STORED);
  return Array.isArray(stored) ? stored.filter((name): name is string => typeof name === "string") : [];
}

// Nothing of one account is left for the next one.
useSession.subscribe((state, before) => {
  if (before.user === null || state.user?.id === before.user.id) return;
  if (state.status === "out") writeStored(STORED, null);
  useSidebarStore.setState(initial());
});
