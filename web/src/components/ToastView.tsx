import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { useText } from "@/i18n/locale";
import { dismissToast, useToasts } from "./toast";

export default function ToastView() {
  const text = useText();
  const first = useToasts((state) => state.queue[0]);
  if (first === undefined) return null;
  const close = () => dismissToast(first.id);
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
