import Autocomplete from "@mui/material/Autocomplete";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormHelperText from "@mui/material/FormHelperText";
import FormLabel from "@mui/material/FormLabel";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useSession } from "@/features/session/session";
import { type MessageKey, useText } from "@/i18n/locale";
import type { Scope } from "@/lib/api_types";
import { createKey, keysQuery, modelNamesQuery } from "../api/keys_api";
import { LIFETIMES, type Lifetime, secondsUntil } from "../key_state";
import { NewKeySecret } from "./NewKeySecret";

const LIFETIME_TEXTS: [Lifetime, MessageKey][] = [
  ["7", "lifetimeWeek"],
  ["30", "lifetimeMonth"],
  ["90", "lifetimeQuarter"],
  ["365", "lifetimeYear"],
  ["date", "lifetimeDate"],
  ["never", "lifetimeNever"],
];
const SCOPE_TEXTS: [Scope, MessageKey, MessageKey][] = [
  ["inference", "scopeInference", "scopeInferenceText"],
  ["account", "scopeAccount", "scopeAccountText"],
  ["admin", "scopeAdmin", "scopeAdminText"],
];

interface MadeKey {
  secret: string;
  models: readonly string[];
}

/** Makes a key and shows its secret, once. */
export function NewKeyDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [made, setMade] = useState<MadeKey | null>(null);
  const close = () => {
    onClose();
    setMade(null);
  };
  return (
    <Dialog open={open} maxWidth={made === null ? "sm" : "md"} onClose={(_, reason) => (made === null || reason !== "backdropClick") && close()} aria-labelledby="new-key-title">
      {made === null ? <Form onMade={setMade} onClose={close} /> : <NewKeySecret {...made} onClose={close} />}
    </Dialog>
  );
}

function Form({ onMade, onClose }: { onMade: (made: MadeKey) => void; onClose: () => void }) {
  const text = useText();
  const client = useQueryClient();
  const administrator = useSession((state) => state.user?.role === "admin");
  const known = useQuery(modelNamesQuery);
  const [name, setName] = useState("");
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const [day, setDay] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["inference"]);
  const [models, setModels] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const expiresInS = lifetime === "date" ? secondsUntil(day, new Date()) : LIFETIMES[lifetime];
  const badDay = lifetime === "date" && day !== "" && expiresInS === null;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (scopes.length === 0 || (lifetime === "date" && expiresInS === null)) return;
    setBusy(true);
    setError(null);
    try {
      const made = await createKey({ name: name.trim(), scopes, models: models.length > 0 ? models : null, expiresInS });
      void client.invalidateQueries({ queryKey: keysQuery.queryKey });
      onMade({ secret: made.secret, models });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const toggle = (scope: Scope) =>
    setScopes(scopes.includes(scope) ? scopes.filter((each) => each !== scope) : [...scopes, scope]);
  return (
    <form onSubmit={(event) => void submit(event)}>
      <DialogTitle id="new-key-title">{text("newKey")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2.5, "&&": { pt: 1 } }}>
        <TextField
          label={text("keyName")}
          helperText={text("keyNameHint")}
          autoFocus
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
          slotProps={{ htmlInput: { maxLength: 100, dir: "auto", autoComplete: "off" } }}
        />
        <TextField select label={text("keyExpires")} value={lifetime} onChange={(event) => setLifetime(event.target.value as Lifetime)}>
          {LIFETIME_TEXTS.map(([value, label]) => (
            <MenuItem key={value} value={value}>
              {text(label)}
            </MenuItem>
          ))}
        </TextField>
        {lifetime === "date" && (
          <TextField
            type="date"
            label={text("lifetimeDay")}
            required
            error={badDay}
            helperText={badDay ? text("lifetimePast") : undefined}
            value={day}
            onChange={(event) => setDay(event.target.value)}
            slotProps={{ inputLabel: { shrink: true } }}
          />
        )}
        <FormControl component="fieldset" error={scopes.length === 0}>
          <FormLabel component="legend">{text("keyScopes")}</FormLabel>
          {SCOPE_TEXTS.filter(([scope]) => scope !== "admin" || administrator).map(([scope, label, explanation]) => (
            <FormControlLabel
              key={scope}
              sx={{ alignItems: "start", mt: 1 }}
              control={<Checkbox size="small" sx={{ pt: 0.25 }} checked={scopes.includes(scope)} onChange={() => toggle(scope)} />}
              label={
                <>
                  {text(label)}
                  <Typography variant="body2" sx={{ color: "text.secondary" }}>
                    {text(explanation)}
                  </Typography>
                </>
              }
            />
          ))}
          {scopes.length === 0 && <FormHelperText>{text("scopeNone")}</FormHelperText>}
        </FormControl>
        <Autocomplete
          multiple
          size="small"
          options={known.data ?? []}
          value={models}
          onChange={(_, chosen) => setModels(chosen)}
          renderInput={(field) => <TextField {...field} label={text("keyModels")} helperText={text("keyModelsHint")} />}
        />
        {error !== null && <ErrorNotice error={error} />}
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          {text("cancel")}
        </Button>
        <Button type="submit" variant="contained" loading={busy}>
          {text("makeKey")}
        </Button>
      </DialogActions>
    </form>
  );
}
