import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { create } from "zustand";
import { useText } from "@/i18n/locale";

export interface Toast {
  text: string;
  severity?: "success" | "info" | "warning" | "error";
  action?: { label: string; run: () => void };
}

const useToasts = create<{ queue: (Toast & { id: number })[] }>(() => ({ queue: [] }));
let last = 0;

/** Say something in passing. Errors that need a decision belong on the page instead. */
export function toast(message: Toast): void {
  last += 1;
  const id = last;
  useToasts.setState(({ queue }) => ({ queue: [...queue, { ...message, id }].slice(-4) }));
}

export function Toasts() {
  const text = useText();
  const first = useToasts((state) => state.queue[0]);
  if (first === undefined) return null;
  const close = () => useToasts.setState(({ queue }) => ({ queue: queue.filter(({ id }) => id !== first.id) }));
  const { action } = first;
  return (
    <Snackbar
      key={first.id}
      open
      autoHideDuration={first.severity === "error" ? 10_000 : 5_000}
      onClose={(_, reason) => reason !== "clickaway" && close()}
      anchorOrigin={{ vertical: "bottom", horizontal: "center" }}
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
