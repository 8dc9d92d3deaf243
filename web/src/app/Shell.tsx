import { mdiMenu } from "@mdi/js";
import Box from "@mui/material/Box";
import Drawer from "@mui/material/Drawer";
import useMediaQuery from "@mui/material/useMediaQuery";
import { type Theme } from "@mui/material/styles";
import { Outlet, useLocation } from "@tanstack/react-router";
import { Suspense, useEffect } from "react";
import { IconAction } from "@/components/IconAction";
import { Loading } from "@/components/Loading";
import { Wordmark } from "@/components/Wordmark";
import { PaletteHost } from "@/features/palette/components/PaletteHost";
import { useSession } from "@/features/session/session";
import { Unreachable } from "@/features/session/components/Unreachable";
import { useText } from "@/i18n/locale";
import { SIDEBAR_WIDTH } from "@/theme/tokens";
import { ConnectionNotice } from "./ConnectionNotice";
import { setSidebar, useSidebar } from "./sidebar_state";
import { Sidebar } from "./Sidebar";

/** The frame around every page of an account: navigation at the side, on a phone behind a button. */
export function Shell() {
  const status = useSession((state) => state.status);
  const location = useLocation();
  if (status === "unreachable") return <Unreachable />;
  // When nobody is logged in, the route leads to the log-in page; there is nothing to show until it has.
  if (status !== "in") return <Loading />;
  return <Frame path={location.pathname} />;
}

function Frame({ path }: { path: string }) {
  const text = useText();
  const narrow = useMediaQuery((theme: Theme) => theme.breakpoints.down("md"), { noSsr: true });
  const { open, collapsed } = useSidebar();
  useEffect(() => setSidebar({ open: false }), [path]);
  const showButton = narrow || collapsed;
  return (
    <Box sx={{ display: "flex", height: "100%" }}>
      {narrow ? (
        <Drawer
          open={open}
          onClose={() => setSidebar({ open: false })}
          slotProps={{ paper: { role: "dialog", "aria-label": text("mainNavigation"), sx: { width: "min(20rem, 86vw)", bgcolor: "background.default" } } }}
        >
          <Sidebar />
        </Drawer>
      ) : (
        !collapsed && (
          <Box
            sx={{
              width: SIDEBAR_WIDTH,
              flex: "none",
              borderInlineEnd: "1px solid var(--mui-palette-divider)",
              bgcolor: "background.default",
            }}
          >
            <Sidebar />
          </Box>
        )
      )}
      <Box sx={{ flex: 1, minWidth: 0, display: "flex", flexDirection: "column", bgcolor: "background.paper" }}>
        {showButton && (
          <Box
            component="header"
            sx={{ display: "flex", alignItems: "center", gap: 1, px: 1, minHeight: 48, borderBottom: 1, borderColor: "divider" }}
          >
            <IconAction
              path={mdiMenu}
              label={text("openNavigation")}
              aria-expanded={narrow ? open : !collapsed}
              onClick={() => setSidebar(narrow ? { open: true } : { collapsed: false })}
            />
            <Wordmark />
          </Box>
        )}
        <ConnectionNotice />
        <PaletteHost />
        <Box component="main" id="content" tabIndex={-1} sx={{ flex: 1, minHeight: 0, outline: "none" }}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </Box>
      </Box>
    </Box>
  );
}
