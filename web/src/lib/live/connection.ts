import { create } from "zustand";

export interface ConnectionState {
  /** `idle`: nobody is logged in. `lost`: it was there or should be, and is being made again. */
  state: "idle" | "connecting" | "connected" | "lost";
}

/** How the live connection to the service is, for those who show it. */
export const useConnection = create<ConnectionState>(() => ({ state: "idle" }));
