import Button from "@mui/material/Button";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Standalone } from "@/components/Standalone";
import { useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";

/** Shown when a page fails in a way it does not handle itself, for example when a part of it cannot be loaded. */
export function ErrorPage({ error }: ErrorComponentProps) {
  const text = useText();
  const missingPart = /dynamically imported module|module script|Loading chunk/i.test(error instanceof Error ? error.message : "");
  return (
    <Standalone title={text("brokenTitle")} lead={text(missingPart ? "newVersion" : "brokenText")}>
      {error instanceof ApiError && <ErrorNotice error={error} />}
      <Button variant="contained" onClick={() => location.reload()}>
        {text("reload")}
      </Button>
    </Standalone>
  );
}
