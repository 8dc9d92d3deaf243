import {
  mdiAccountGroupOutline,
  mdiChartBar,
  mdiCogOutline,
  mdiCubeOutline,
  mdiHistory,
  mdiKeyOutline,
  mdiLanConnect,
  mdiShieldAccountOutline,
  mdiSwapHorizontal,
  mdiTuneVariant,
  mdiViewDashboardOutline,
} from "@mdi/js";
import type { MessageKey } from "@/i18n/locale";

export interface NavigationEntry {
  to: string;
  label: MessageKey;
  /** A path of @mdi/js. */
  icon: string;
}

/** Pages about the own account, in the order they are shown. */
export const accountPages: NavigationEntry[] = [
  { to: "/account", label: "navSecurity", icon: mdiShieldAccountOutline },
  { to: "/account/keys", label: "navKeys", icon: mdiKeyOutline },
  { to: "/account/usage", label: "navUsage", icon: mdiChartBar },
  { to: "/account/preferences", label: "navPreferences", icon: mdiTuneVariant },
];

/** Pages for administrators, in the order they are shown. */
export const administrationPages: NavigationEntry[] = [
  { to: "/admin", label: "navOverview", icon: mdiViewDashboardOutline },
  { to: "/admin/models", label: "navModels", icon: mdiCubeOutline },
  { to: "/admin/nodes", label: "navNodes", icon: mdiLanConnect },
  { to: "/admin/users", label: "navUsers", icon: mdiAccountGroupOutline },
  { to: "/admin/requests", label: "navRequests", icon: mdiSwapHorizontal },
  { to: "/admin/audit", label: "navAudit", icon: mdiHistory },
  { to: "/admin/settings", label: "navSettings", icon: mdiCogOutline },
];
