import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { type FormEvent, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { toast } from "@/components/toast";
import { PasswordField } from "@/features/session/components/PasswordField";
import { useSession } from "@/features/session/session";
import { useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";
import { changePassword } from "../api/account_api";
import { LEAST_CHARACTERS } from "../password_strength";
import { StrengthMeter } from "./StrengthMeter";

/** Changing the own password ends all other sessions. */
export function PasswordForm() {
  const text = useText();
  const username = useSession((state) => state.user?.username ?? "");
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [tooShort, setTooShort] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = error instanceof ApiError && error.code === "unauthenticated";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTooShort(wanted.length < LEAST_CHARACTERS);
    if (wanted.length < LEAST_CHARACTERS) return;
    setBusy(true);
    setError(null);
    try {
      await changePassword(current, wanted);
      setCurrent("");
      setWanted("");
      toast({ text: text("passwordChanged") });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Box component="form" onSubmit={(event) => void submit(event)} sx={{ display: "grid", gap: 2, maxWidth: "26rem" }}>
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <PasswordField
        label={text("currentPassword")}
        name="current-password"
        autoComplete="current-password"
        required
        error={wrong}
        helperText={wrong ? text("currentPasswordWrong") : undefined}
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
      />
      <PasswordField
        label={text("newPassword")}
        name="new-password"
        autoComplete="new-password"
        required
        error={tooShort}
        helperText={text(tooShort ? "passwordTooShort" : "passwordHint")}
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <StrengthMeter password={wanted} />
      {error !== null && !wrong && <ErrorNotice error={error} />}
      <Alert severity="info" variant="outlined">
        {text("passwordEndsSessions")}
      </Alert>
      <Button type="submit" variant="contained" loading={busy} sx={{ justifySelf: "start" }}>
        {text("changePassword")}
      </Button>
    </Box>
  );
}
