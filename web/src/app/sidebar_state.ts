import { create } from "zustand";
import { readStored, writeStored } from "@/lib/storage";

const STORED = "covey.sidebar";

interface SidebarState {
  /** On a phone: whether it covers the page now. */
  open: boolean;
  /** On a wide screen: whether it is put away. Remembered. */
  collapsed: boolean;
}

export const useSidebar = create<SidebarState>(() => ({ open: false, collapsed: readStored(STORED) === "collapsed" }));

export function setSidebar(change: Partial<SidebarState>): void {
  if (change.collapsed !== undefined) writeStored(STORED, change.collapsed ? "collapsed" : null);
  useSidebar.setState(change);
}
