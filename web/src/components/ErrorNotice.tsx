import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { useText } from "@/i18n/locale";
import { adviceFor } from "@/i18n/errors";
import { asApiError } from "@/lib/api_error";
import { CopyButton } from "./CopyButton";

interface ErrorNoticeProps {
  error: unknown;
  /** Shown as a button when trying again makes sense. */
  retry?: () => void;
  children?: ReactNode;
}

/** What happened, what to do about it, and the id under which the service's logs know it. */
export function ErrorNotice({ error, retry, children }: ErrorNoticeProps) {
  const text = useText();
  const failure = asApiError(error);
  const { title, advice } = adviceFor(failure, text);
  return (
    <Alert
      severity="error"
      variant="outlined"
      action={
        retry && (
          <Button color="inherit" size="small" onClick={retry}>
            {text("tryAgain")}
          </Button>
        )
      }
    >
      <AlertTitle>{title}</AlertTitle>
      {failure.message && (
        <Box component="p" sx={{ m: 0 }}>
          <bdi>{failure.message}</bdi>
        </Box>
      )}
      {advice && <Box component="p" sx={{ m: 0, mt: 0.5 }}>{advice}</Box>}
      {failure.requestId && (
        <Box component="p" sx={{ m: 0, mt: 0.5, color: "text.secondary", fontSize: "0.8125rem" }}>
          {text("requestId")} <code>{failure.requestId}</code>
          <CopyButton text={failure.requestId} label={text("copyRequestId")} />
        </Box>
      )}
      {children}
    </Alert>
  );
}
