import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { TextLink } from "@/components/links";
import { Standalone } from "@/components/Standalone";
import { useText } from "@/i18n/locale";
import { getRegistrationPolicy, register } from "../api/session_api";
import { enter, useSession } from "../session";
import { PasswordField } from "./PasswordField";

const LEAST_PASSWORD_CHARACTERS = 10;

/** Making an account; on an empty installation the first one, which administers it. */
export function RegisterPage() {
  const text = useText();
  const navigate = useNavigate();
  const search = useSearch({ from: "/register" });
  const status = useSession((state) => state.status);
  const policy = useQuery({ queryKey: ["registration"], queryFn: getRegistrationPolicy, staleTime: 0 });
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [invitation, setInvitation] = useState(search.invitation ?? "");
  const [tooShort, setTooShort] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    if (status === "in") void navigate({ to: "/", replace: true });
  }, [status, navigate]);
  if (policy.isPending) return <Loading />;
  const first = policy.data?.first_account ?? false;
  const needed = policy.data?.policy === "invitation";
  // Where anybody may register, an invitation still says with which role.
  const invited = !first && (needed || search.invitation !== undefined);
  const closed = !first && policy.data?.policy === "closed";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (password.length < LEAST_PASSWORD_CHARACTERS) {
      setTooShort(true);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      enter(await register(username, password, (invited && invitation.trim()) || null));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Standalone
      title={text(first ? "firstTitle" : "registerTitle")}
      lead={text(first ? "firstLead" : "registerLead")}
      foot={
        !first && (
          <>
            {text("haveAccount")}{" "}
            <TextLink to="/login">
              {text("logIn")}
            </TextLink>
          </>
        )
      }
    >
      {policy.error && <ErrorNotice error={policy.error} retry={() => void policy.refetch()} />}
      {closed && <Alert severity="info">{text("registrationClosed")}</Alert>}
      {policy.data && !closed && (
        <form onSubmit={(event) => void submit(event)} style={{ display: "grid", gap: 16 }}>
          {invited && (
            <TextField
              label={text("invitationCode")}
              helperText={text("invitationHint")}
              name="invitation"
              autoComplete="off"
              required={needed}
              value={invitation}
              onChange={(event) => setInvitation(event.target.value)}
              slotProps={{ htmlInput: { dir: "ltr", spellCheck: false } }}
            />
          )}
          <TextField
            label={text("username")}
            helperText={text("usernameHint")}
            name="username"
            autoComplete="username"
            autoFocus
            required
            value={username}
            onChange={(event) => setUsername(event.target.value)}
            slotProps={{ htmlInput: { dir: "auto", autoCapitalize: "none", spellCheck: false, maxLength: 64 } }}
          />
          <PasswordField
            label={text("password")}
            helperText={text(tooShort ? "passwordTooShort" : "passwordHint")}
            error={tooShort}
            name="password"
            autoComplete="new-password"
            required
            value={password}
            onChange={(event) => {
              setPassword(event.target.value);
              if (event.target.value.length >= LEAST_PASSWORD_CHARACTERS) setTooShort(false);
            }}
          />
          {error !== null && <ErrorNotice error={error} />}
          <Button type="submit" variant="contained" loading={busy}>
            {text(first ? "firstAction" : "registerAction")}
          </Button>
        </form>
      )}
    </Standalone>
  );
}
