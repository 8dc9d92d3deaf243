import { mdiAccountCircleOutline, mdiArrowLeft, mdiChevronLeft, mdiShieldCrownOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import List from "@mui/material/List";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import { type Theme } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useLocation } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { ListLink } from "@/components/links";
import { Wordmark } from "@/components/Wordmark";
import { useSession } from "@/features/session/session";
import { useText } from "@/i18n/locale";
import { AccountMenu } from "./AccountMenu";
import { accountPages, administrationPages, type NavigationEntry } from "./navigation";
import { setSidebar } from "./sidebar_state";

const ChatSidebar = lazy(() => import("@/features/conversations/components/ConversationSidebar"));

/** Navigation: the chats, or the pages of the account or of the administration, and the way between these. */
export function Sidebar() {
  const text = useText();
  const { pathname } = useLocation();
  const administrator = useSession((state) => state.user?.role === "admin");
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("md"), { noSsr: true });
  const area = pathname.startsWith("/admin") ? "admin" : pathname.startsWith("/account") ? "account" : "chat";
  const firstAccount = accountPages[0];
  const firstAdministration = administrationPages[0];
  return (
    <Box component="nav" aria-label={text("mainNavigation")} sx={{ height: "100%", display: "flex", flexDirection: "column" }}>
      <Box sx={{ display: "flex", alignItems: "center", justifyContent: "space-between", ps: 2, pe: 1, pt: 1.5, pb: 1, px: 1.5 }}>
        <Wordmark />
        <IconAction
          path={mdiChevronLeft}
          label={text("closeNavigation")}
          onClick={() => setSidebar(narrow ? { open: false } : { collapsed: true })}
          sx={{ "[dir=rtl] &": { transform: "scaleX(-1)" } }}
        />
      </Box>
      <Box sx={{ flex: 1, minHeight: 0, display: "flex", flexDirection: "column" }}>
        {area === "chat" ? (
          <Suspense>
            <ChatSidebar />
          </Suspense>
        ) : (
          <List dense sx={{ px: 1 }}>
            <Entry entry={{ to: "/", label: "navChat", icon: mdiArrowLeft }} exact />
            {(area === "admin" ? administrationPages : accountPages).map((entry) => (
              <Entry key={entry.to} entry={entry} exact />
            ))}
          </List>
        )}
      </Box>
      <Box sx={{ borderTop: 1, borderColor: "divider", p: 1 }}>
        <List dense disablePadding>
          {administrator && area !== "admin" && firstAdministration && (
            <Entry entry={{ to: firstAdministration.to, label: "navAdministration", icon: mdiShieldCrownOutline }} />
          )}
          {area !== "account" && firstAccount && (
            <Entry entry={{ to: firstAccount.to, label: "navAccount", icon: mdiAccountCircleOutline }} />
          )}
        </List>
        <AccountMenu />
      </Box>
    </Box>
  );
}

function Entry({ entry, exact = false }: { entry: NavigationEntry; exact?: boolean }) {
  const text = useText();
  return (
    <li>
      <ListLink
        to={entry.to}
        activeOptions={{ exact }}
        sx={{
          borderRadius: 2,
          minHeight: 38,
          "&[data-status=active]": { bgcolor: "sunken", fontWeight: 650 },
        }}
      >
        <ListItemIcon sx={{ minWidth: 34, color: "inherit" }}>
          <Icon path={entry.icon} sx={entry.icon === mdiArrowLeft ? { "[dir=rtl] &": { transform: "scaleX(-1)" } } : undefined} />
        </ListItemIcon>
        <ListItemText primary={text(entry.label)} slotProps={{ primary: { sx: { fontWeight: "inherit" } } }} />
      </ListLink>
    </li>
  );
}
