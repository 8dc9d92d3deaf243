import { create } from "zustand";

/** What is open over the page. */
export const usePalette = create<{ open: "palette" | "sheet" | null }>(() => ({ open: null }));

export function openPalette(open: "palette" | "sheet" | null): void {
  usePalette.setState({ open });
}
