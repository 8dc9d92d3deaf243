import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { useText } from "@/i18n/locale";
import { dismissToast, useToasts } from "./toast";

/** How long a message stays; less when another one waits behind it. */
const STAY_MS = { error: 10_000, other: 5_000 };

export default function ToastView() {
  const text = useText();
  const first = useToasts((state) => state.queue[0]);
  const waiting = useToasts((state) => state.queue.length > 1);
  if (first === undefined) return null;
  const close = () => dismissToast(first.id);
  const { action } = first;
  return (
    <Snackbar
      key={first.id}
      open
      autoHideDuration={STAY_MS[first.severity === "error" ? "error" : "other"] / (waiting ? 3 : 1)}
      onClose={(_, reason) => reason !== "clickaway" && close()}
      anchorOrigin={{ vertical: "bottom", horizontal: "center" }}
      // Never on the field that somebody writes in.
      sx={{ "body:has([data-writing]) &": { bottom: "8rem" } }}
    >
      <Alert
        severity={first.severity ?? "success"}
        variant="outlined"
        onClose={close}
        closeText={text("close")}
        sx={{ bgcolor: "background.paper" }}
        action={
          action && (
            <Button
              size="small"
              color="inherit"
              onClick={() => {
                action.run();
                close();
              }}
            >
              {action.label}
            </Button>
          )
        }
      >
        {first.text}
      </Alert>
    </Snackbar>
  );
}
