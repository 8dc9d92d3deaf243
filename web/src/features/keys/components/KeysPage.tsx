import { mdiPlus } from "@mdi/js";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Icon } from "@/components/Icon";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { toast } from "@/components/toast";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import type { KeyInfo, Scope } from "@/lib/api_types";
import { keysQuery, revokeKey } from "../api/keys_api";
import { type KeyState, keyState } from "../key_state";
import { NewKeyDialog } from "./NewKeyDialog";

const STATES: Record<KeyState, { label: MessageKey; colour: "success" | "default" | "error" }> = {
  active: { label: "keyActive", colour: "success" },
  expired: { label: "keyExpired", colour: "default" },
  revoked: { label: "keyRevoked", colour: "error" },
};
const SCOPES: Record<Scope, MessageKey> = { inference: "scopeInference", account: "scopeAccount", admin: "scopeAdmin" };

/** Own API keys. */
export function KeysPage() {
  const text = useText();
  const keys = useQuery(keysQuery);
  const [making, setMaking] = useState(false);
  return (
    <Page
      wide
      title={text("keysTitle")}
      lead={text("keysLead")}
      actions={
        <Button variant="contained" startIcon={<Icon path={mdiPlus} />} onClick={() => setMaking(true)}>
          {text("newKey")}
        </Button>
      }
    >
      {keys.isPending && <Loading />}
      {keys.error && <ErrorNotice error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data && <KeyTable keys={keys.data} />}
      <NewKeyDialog open={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function KeyTable({ keys }: { keys: KeyInfo[] }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const [revoking, setRevoking] = useState<KeyInfo | null>(null);
  const [now] = useState(() => Date.now() / 1000);
  const columns = useMemo<Column<KeyInfo>[]>(() => {
    return [
      { id: "name", label: text("keyName"), render: (key) => <bdi>{key.name}</bdi>, sortBy: (key) => key.name },
      { id: "prefix", label: text("keyPrefix"), render: (key) => <code dir="ltr">{key.prefix}…</code> },
      {
        id: "state",
        label: text("state"),
        sortBy: (key) => keyState(key, now),
        render: (key) => {
          const { label, colour } = STATES[keyState(key, now)];
          return <Chip size="small" variant="outlined" color={colour} label={text(label)} />;
        },
      },
      { id: "scopes", label: text("keyScopes"), render: (key) => key.scopes.map((scope) => text(SCOPES[scope])).join(", ") },
      {
        id: "models",
        label: text("keyModels"),
        render: (key) => (key.models === null ? text("keyAllModels") : <bdi>{key.models.join(", ")}</bdi>),
      },
      { id: "created", label: text("created"), whole: true, render: (key) => formats.day(key.created_at), sortBy: (key) => key.created_at },
      {
        id: "used",
        label: text("lastUsed"),
        whole: true,
        render: (key) => (key.last_used_at === null ? text("never") : formats.ago(key.last_used_at)),
        sortBy: (key) => key.last_used_at ?? 0,
      },
      {
        id: "expires",
        label: text("keyExpires"),
        whole: true,
        render: (key) => (key.expires_at === null ? text("never") : formats.day(key.expires_at)),
        sortBy: (key) => key.expires_at ?? Number.MAX_SAFE_INTEGER,
      },
      {
        id: "revoke",
        label: text("actions"),
        render: (key) =>
          keyState(key, now) === "active" && (
            <Button size="small" color="error" onClick={() => setRevoking(key)}>
              {text("revoke")}
            </Button>
          ),
      },
    ];
  }, [text, formats, now]);
  const newestFirst = useMemo(() => [...keys].sort((one, other) => other.created_at - one.created_at), [keys]);
  return (
    <>
      <DataTable label={text("keysTitle")} columns={columns} rows={newestFirst} keyOf={(key) => key.id} empty={text("keysNone")} />
      <ConfirmDialog
        open={revoking !== null}
        title={text("revokeTitle", { name: revoking?.name ?? "" })}
        action={text("revoke")}
        destructive
        run={async () => {
          if (revoking === null) return;
          await revokeKey(revoking.id);
          await client.invalidateQueries({ queryKey: keysQuery.queryKey });
          toast({ text: text("keyRevokedToast") });
        }}
        onClose={() => setRevoking(null)}
      >
        {text("revokeText")}
      </ConfirmDialog>
    </>
  );
}
