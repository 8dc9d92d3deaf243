import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import FormControlLabel from "@mui/material/FormControlLabel";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { toast } from "@/components/toast";
import { usersQuery } from "@/features/users/api/users_api";
import { useText } from "@/i18n/locale";
import { SamplingFields } from "./SamplingFields";
import { type ModelSettings, modelSettingsQuery, saveModelSettings } from "../api/fleet_api";

/** What an administrator decides about a model: names, a description, a first message, and who may use it. */
export function ModelSettingsForm({ name }: { name: string }) {
  const text = useText();
  const settings = useQuery({ ...modelSettingsQuery(name), refetchOnWindowFocus: false });
  return (
    <Box component="section" sx={{ mt: 3 }}>
      <Typography variant="h3" sx={{ mb: 1.5 }}>
        {text("modelSettings")}
      </Typography>
      {settings.isPending && <Loading />}
      {settings.error && <ErrorNotice error={settings.error} retry={() => void settings.refetch()} />}
      {settings.data && <Form key={settings.data.updated_at} stored={settings.data} />}
    </Box>
  );
}

function Form({ stored }: { stored: ModelSettings }) {
  const text = useText();
  const client = useQueryClient();
  const [wanted, setWanted] = useState(stored);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const set = (change: Partial<ModelSettings>) => setWanted({ ...wanted, ...change });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await saveModelSettings(wanted);
      await Promise.all([["models"], ["model-defaults"]].map((queryKey) => client.invalidateQueries({ queryKey })));
      toast({ text: text("modelSettingsSaved") });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Box component="form" onSubmit={(event) => void submit(event)} sx={{ display: "grid", gap: 2 }}>
      <TextField
        label={text("modelDescription")}
        value={wanted.description ?? ""}
        onChange={(event) => set({ description: event.target.value || null })}
        slotProps={{ htmlInput: { maxLength: 500, dir: "auto" } }}
      />
      <Autocomplete
        multiple
        freeSolo
        // A name that was typed counts, also without Enter.
        autoSelect
        size="small"
        options={[]}
        value={wanted.aliases}
        onChange={(_, aliases: string[]) => set({ aliases })}
        renderInput={(field) => <TextField {...field} label={text("modelAliases")} helperText={text("modelAliasesHint")} />}
      />
      <TextField
        multiline
        maxRows={8}
        label={text("modelSystemPrompt")}
        helperText={text("modelSystemPromptHint")}
        value={wanted.system_prompt ?? ""}
        onChange={(event) => set({ system_prompt: event.target.value || null })}
        slotProps={{ htmlInput: { maxLength: 32_000, dir: "auto" } }}
      />
      <SamplingFields sampling={wanted.sampling} onChange={(sampling) => set({ sampling: sampling as ModelSettings["sampling"] })} />
      <Access access={wanted.access} onChange={(access) => set({ access })} />
      <FormControlLabel
        control={<Checkbox checked={wanted.hidden} onChange={(_, hidden) => set({ hidden })} />}
        label={text("modelHidden")}
      />
      {error !== null && <ErrorNotice error={error} />}
      {/* In sight however far its dialog is scrolled. */}
      <Box sx={{ position: "sticky", bottom: 0, zIndex: 1, py: 1.5, bgcolor: "background.paper" }}>
        <Button type="submit" variant="contained" loading={busy}>
          {text("modelSettingsSave")}
        </Button>
      </Box>
    </Box>
  );
}

type ModelAccess = ModelSettings["access"];

function Access({ access, onChange }: { access: ModelAccess; onChange: (access: ModelAccess) => void }) {
  const text = useText();
  const users = useInfiniteQuery(usersQuery);
  const people = users.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = access.kind === "roles" ? (access.roles.includes("member") ? "all" : "admins") : access.kind;
  const choose = (kind: string) =>
    onChange(kind === "users" ? { kind, users: access.users, roles: [] } : kind === "admins" ? { kind: "roles", users: [], roles: ["admin"] } : { kind: "all", users: [], roles: [] });
  return (
    <>
      <TextField select size="small" label={text("modelAccess")} value={chosen} onChange={(event) => choose(event.target.value)}>
        <MenuItem value="all">{text("modelAccessAll")}</MenuItem>
        <MenuItem value="users">{text("modelAccessUsers")}</MenuItem>
        <MenuItem value="admins">{text("modelAccessAdmins")}</MenuItem>
      </TextField>
      {access.kind === "users" && (
        <Autocomplete
          multiple
          size="small"
          options={people.map(({ id }) => id)}
          getOptionLabel={(id) => people.find((user) => user.id === id)?.username ?? id}
          value={access.users}
          onChange={(_, ids) => onChange({ ...access, users: ids })}
          renderInput={(field) => <TextField {...field} label={text("modelAccessWho")} helperText={text("modelAccessHint")} />}
        />
      )}
    </>
  );
}
