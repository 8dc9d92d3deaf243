import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import { type ReactNode, useState } from "react";
import { useText } from "@/i18n/locale";
import { ErrorNotice } from "./ErrorNotice";

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  children: ReactNode;
  /** What the button does, as a verb: never `OK`. */
  action: string;
  destructive?: boolean;
  run: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. Stays open with the reason when it did not work. */
export function ConfirmDialog({ open, title, children, action, destructive, run, onClose }: ConfirmDialogProps) {
  const text = useText();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const close = () => {
    setError(null);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await run();
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={close} maxWidth="xs" aria-labelledby="confirm-title">
      <DialogTitle id="confirm-title">{title}</DialogTitle>
      <DialogContent>
        <DialogContentText component="div">{children}</DialogContentText>
        {error !== null && <ErrorNotice error={error} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={close} color="inherit">
          {text("cancel")}
        </Button>
        <Button
          variant="contained"
          color={destructive ? "error" : "primary"}
          loading={busy}
          onClick={() => void confirm()}
        >
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
