import Box from "@mui/material/Box";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { usePageTitle } from "@/components/page_title";
import { useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";

/**
 * Shown when a page fails in a way it does not handle itself. A part that cannot be loaded, because a newer version is
 * installed or the connection is gone, is the usual reason: so this page needs nothing that is not loaded already.
 */
export function ErrorPage({ error }: ErrorComponentProps) {
  const text = useText();
  usePageTitle(text("brokenTitle"));
  const missingPart = error instanceof Error && /dynamically imported module|module script/i.test(error.message);
  return (
    <Box component="main" id="content" sx={{ height: "100%", display: "grid", placeItems: "center", p: 3 }}>
      <Box sx={{ maxWidth: "28rem" }} role="alert">
        <Box component="h1" sx={{ typography: "h1", m: 0 }}>
          {text("brokenTitle")}
        </Box>
        <Box component="p" sx={{ color: "text.secondary" }}>
          {text(missingPart ? "newVersion" : "brokenText")}
        </Box>
        {error instanceof ApiError && error.requestId && (
          <Box component="p" sx={{ color: "text.secondary" }}>
            {text("requestId")} <code>{error.requestId}</code>
          </Box>
        )}
        <Box
          component="button"
          type="button"
          onClick={() => location.reload()}
          sx={{
            typography: "button",
            border: 0,
            borderRadius: 1,
            px: 2,
            minHeight: 40,
            cursor: "pointer",
            bgcolor: "primary.main",
            color: "primary.contrastText",
          }}
        >
          {text("reload")}
        </Box>
      </Box>
    </Box>
  );
}
