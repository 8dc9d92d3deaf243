import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { SidePanel } from "@/components/SidePanel";
import { toast } from "@/components/toast";
import { keyState } from "@/features/keys/key_state";
import { useFormats, useText } from "@/i18n/locale";
import type { KeyInfo, User } from "@/lib/api_types";
import { endUserSessions, revokeUserKey, userKeysQuery, userSessionsQuery } from "../api/users_api";

/** An account's API keys and sessions, and ending them. */
export function UserPanel({ user, onClose }: { user: User | null; onClose: () => void }) {
  return (
    <SidePanel open={user !== null} title={<bdi>{user?.username}</bdi>} onClose={onClose}>
      {user && (
        <Box sx={{ display: "grid", gap: 4 }}>
          <Keys user={user} />
          <Sessions user={user} />
        </Box>
      )}
    </SidePanel>
  );
}

function Keys({ user }: { user: User }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const keys = useQuery(userKeysQuery(user.id));
  const [revoking, setRevoking] = useState<KeyInfo | null>(null);
  const [now] = useState(() => Date.now() / 1000);
  return (
    <Part title={text("keysTitle")} query={keys} none={text("userNoKeys")}>
      {(keys.data ?? []).map((key) => (
        <Line
          key={key.id}
          title={<bdi>{key.name}</bdi>}
          note={
            <>
              <code dir="ltr">{key.prefix}…</code> · {text(STATES[keyState(key, now)])} ·{" "}
              {text("userKeyUsed", { when: key.last_used_at === null ? text("never") : formats.ago(key.last_used_at) })}
            </>
          }
          action={
            keyState(key, now) === "active" && (
              <Button size="small" color="error" onClick={() => setRevoking(key)} aria-label={text("userKeyRevoke", { name: key.name })}>
                {text("revoke")}
              </Button>
            )
          }
        />
      ))}
      <ConfirmDialog
        open={revoking !== null}
        title={text("revokeTitle", { name: revoking?.name ?? "" })}
        action={text("revoke")}
        destructive
        run={async () => {
          if (revoking === null) return;
          await revokeUserKey(user.id, revoking.id);
          await client.invalidateQueries({ queryKey: userKeysQuery(user.id).queryKey });
          toast({ text: text("keyRevokedToast") });
        }}
        onClose={() => setRevoking(null)}
      >
        {text("revokeText")}
      </ConfirmDialog>
    </Part>
  );
}

const STATES = { active: "keyActive", expired: "keyExpired", revoked: "keyRevoked" } as const;

function Sessions({ user }: { user: User }) {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const sessions = useQuery(userSessionsQuery(user.id));
  const [ending, setEnding] = useState(false);
  return (
    <Part title={text("sessionsTitle")} query={sessions} none={text("sessionsNone")}>
      {(sessions.data ?? []).map((session) => (
        <Line
          key={session.id}
          title={<bdi>{session.label || text("sessionUnnamed")}</bdi>}
          note={text("userKeyUsed", { when: formats.ago(session.last_used_at) })}
        />
      ))}
      {(sessions.data?.length ?? 0) > 0 && (
        <Button size="small" variant="outlined" color="error" sx={{ mt: 1.5 }} onClick={() => setEnding(true)}>
          {text("userEndSessions")}
        </Button>
      )}
      <ConfirmDialog
        open={ending}
        title={text("userEndSessionsTitle", { name: user.username })}
        action={text("userEndSessions")}
        destructive
        run={async () => {
          await endUserSessions(user.id);
          await client.invalidateQueries({ queryKey: userSessionsQuery(user.id).queryKey });
        }}
        onClose={() => setEnding(false)}
      >
        {text("userEndSessionsText")}
      </ConfirmDialog>
    </Part>
  );
}

interface PartProps {
  title: string;
  query: { isPending: boolean; error: unknown; data?: readonly unknown[] | undefined; refetch: () => unknown };
  none: string;
  children: ReactNode;
}

function Part({ title, query, none, children }: PartProps) {
  return (
    <Box component="section">
      <Typography variant="h3" sx={{ mb: 1 }}>
        {title}
      </Typography>
      {query.isPending && <Loading />}
      {query.error !== null && <ErrorNotice error={query.error} retry={() => void query.refetch()} />}
      {query.data?.length === 0 && <Box sx={{ color: "text.secondary" }}>{none}</Box>}
      {children}
    </Box>
  );
}

function Line({ title, note, action }: { title: ReactNode; note: ReactNode; action?: ReactNode }) {
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 1, py: 1, borderBottom: 1, borderColor: "divider" }}>
      <Box sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
        {title}
        <Box sx={{ color: "text.secondary", fontSize: "0.8125rem" }}>{note}</Box>
      </Box>
      {action}
    </Box>
  );
}
