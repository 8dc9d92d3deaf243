import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useText } from "@/i18n/locale";
import type { User } from "@/lib/api_types";
import { resetPassword } from "../api/users_api";
import { generatedPassword } from "../generated_password";

interface ResetPasswordDialogProps {
  user: User;
  open: boolean;
  onClose: () => void;
}

/** Sets a generated password and shows it once, to be handed over. */
export function ResetPasswordDialog({ user, open, onClose }: ResetPasswordDialogProps) {
  const text = useText();
  const [password, setPassword] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    onClose();
    setPassword(null);
    setError(null);
  };
  const reset = async () => {
    setBusy(true);
    setError(null);
    const made = generatedPassword();
    try {
      await resetPassword(user.id, made);
      setPassword(made);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={close} maxWidth="xs" aria-labelledby="reset-title">
      <DialogTitle id="reset-title">{text("userResetTitle", { name: user.username })}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2 }}>
        {password === null ? text("userResetText") : text("userResetDone")}
        {password !== null && (
          <Box sx={{ display: "flex", alignItems: "center", gap: 1, p: 1.5, borderRadius: 1, bgcolor: "sunken" }}>
            <Box component="code" dir="ltr" sx={{ flex: 1 }}>
              {password}
            </Box>
            <CopyButton text={password} label={text("copyPassword")} />
          </Box>
        )}
        {error !== null && <ErrorNotice error={error} />}
      </DialogContent>
      <DialogActions>
        {password === null ? (
          <>
            <Button color="inherit" onClick={close}>
              {text("cancel")}
            </Button>
            <Button variant="contained" color="error" loading={busy} onClick={() => void reset()}>
              {text("userReset")}
            </Button>
          </>
        ) : (
          <Button variant="contained" onClick={close}>
            {text("close")}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
