import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useQuery } from "@tanstack/react-query";
import { Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { TextLink } from "@/components/links";
import { Standalone } from "@/components/Standalone";
import { useText } from "@/i18n/locale";
import { ApiError } from "@/lib/api_error";
import { getRegistrationPolicy, logIn } from "../api/session_api";
import { enter, useSession } from "../session";
import { PasswordField } from "./PasswordField";

/** Logging in. An installation without any account leads to making the first one. */
export function EntryPage() {
  const text = useText();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/login" });
  const status = useSession((state) => state.status);
  const policy = useQuery({ queryKey: ["registration"], queryFn: getRegistrationPolicy, staleTime: 0 });
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    if (status === "in") void navigate({ to: next ?? "/", replace: true });
  }, [status, next, navigate]);
  if (policy.data?.first_account && status !== "in") return <Navigate to="/register" replace />;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      enter(await logIn(username, password));
    } catch (caught) {
      setError(caught);
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  const wrong = error instanceof ApiError && error.code === "unauthenticated";
  return (
    <Standalone
      title={text("loginTitle")}
      lead={text("loginLead")}
      foot={
        policy.data && policy.data.policy !== "closed" ? (
          <>
            {text("noAccountYet")}{" "}
            <TextLink to="/register">
              {text("registerLink")}
            </TextLink>
          </>
        ) : undefined
      }
    >
      <form onSubmit={(event) => void submit(event)} style={{ display: "grid", gap: 16 }}>
        <TextField
          label={text("username")}
          name="username"
          autoComplete="username"
          autoFocus
          required
          value={username}
          onChange={(event) => setUsername(event.target.value)}
          slotProps={{ htmlInput: { dir: "auto", autoCapitalize: "none", spellCheck: false } }}
        />
        <PasswordField
          label={text("password")}
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {wrong && <Alert severity="error" variant="outlined">{text("wrongCredentials")}</Alert>}
        {error !== null && !wrong && <ErrorNotice error={error} />}
        <Button type="submit" variant="contained" loading={busy}>
          {text("logIn")}
        </Button>
      </form>
    </Standalone>
  );
}
