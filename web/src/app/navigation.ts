import type { MessageKey } from "@/i18n/locale";

export interface NavigationEntry {
  to: string;
  label: MessageKey;
  /** A path of @mdi/js. */
  icon: string;
}

/** Pages about the own account, in the order they are shown. */
export const accountPages: NavigationEntry[] = [];

/** Pages for administrators, in the order they are shown. */
export const administrationPages: NavigationEntry[] = [];
