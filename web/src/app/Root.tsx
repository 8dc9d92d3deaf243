import Box from "@mui/material/Box";
import { Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { Loading } from "@/components/Loading";
import { useText } from "@/i18n/locale";

/** What is around every page: the way past the navigation, and a quiet sign while a page loads. */
export function Root() {
  const text = useText();
  return (
    <>
      <Box
        component="a"
        href="#content"
        sx={{
          position: "fixed",
          insetInlineStart: 8,
          top: -80,
          zIndex: "tooltip",
          px: 2,
          py: 1,
          borderRadius: 2,
          bgcolor: "background.paper",
          color: "text.primary",
          border: 1,
          borderColor: "divider",
          "&:focus": { top: 8 },
        }}
      >
        {text("skipToContent")}
      </Box>
      <Suspense fallback={<Loading />}>
        <Outlet />
      </Suspense>
    </>
  );
}
