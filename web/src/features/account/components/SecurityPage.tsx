import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { toast } from "@/components/toast";
import { ContentNotice } from "@/features/content/components/ContentNotice";
import { logOut } from "@/features/session/api/session_api";
import { leave, useSession } from "@/features/session/session";
import { useFormats, useText } from "@/i18n/locale";
import type { SessionInfo } from "@/lib/api_types";
import { endSession, sessionsQuery } from "../api/account_api";
import { PasswordForm } from "./PasswordForm";

/** The own password and where one is logged in. */
export function SecurityPage() {
  const text = useText();
  const user = useSession((state) => state.user);
  const [everywhere, setEverywhere] = useState(false);
  return (
    <Page
      title={text("accountTitle")}
      lead={
        user && (
          <>
            <bdi>{user.username}</bdi> · {text(user.role === "admin" ? "roleAdmin" : "roleMember")}
          </>
        )
      }
    >
      <ContentNotice sx={{ mb: 3 }} />
      <Box component="section" aria-labelledby="password-heading" sx={{ mb: 5 }}>
        <Typography id="password-heading" variant="h2" sx={{ mb: 2 }}>
          {text("changePassword")}
        </Typography>
        <PasswordForm />
      </Box>
      <Box component="section" aria-labelledby="sessions-heading">
        <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2, alignItems: "center", mb: 2 }}>
          <Box sx={{ flex: 1 }}>
            <Typography id="sessions-heading" variant="h2">
              {text("sessionsTitle")}
            </Typography>
            <Typography sx={{ color: "text.secondary" }}>{text("sessionsLead")}</Typography>
          </Box>
          <Button variant="outlined" color="error" onClick={() => setEverywhere(true)}>
            {text("logOutEverywhere")}
          </Button>
        </Box>
        <Sessions />
      </Box>
      <ConfirmDialog
        open={everywhere}
        title={text("logOutEverywhere")}
        action={text("logOutEverywhere")}
        destructive
        run={async () => {
          await logOut(true);
          toast({ text: text("loggedOutEverywhere") });
          leave();
        }}
        onClose={() => setEverywhere(false)}
      >
        {text("logOutEverywhereText")}
      </ConfirmDialog>
    </Page>
  );
}

function Sessions() {
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const ending = useMutation({
    mutationFn: (session: SessionInfo) => endSession(session.id),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
    onError: () => toast({ severity: "error", text: text("sessionNotEnded") }),
  });
  const { mutate } = ending;
  const columns = useMemo<Column<SessionInfo>[]>(
    () => [
      {
        id: "label",
        label: text("sessionWhere"),
        render: (session) => (
          <>
            <bdi>{session.label || text("sessionUnnamed")}</bdi>{" "}
            {session.current && <Chip size="small" color="primary" label={text("sessionCurrent")} />}
          </>
        ),
      },
      { id: "created", label: text("sessionSince"), render: (session) => formats.moment(session.created_at), sortBy: (session) => session.created_at },
      { id: "used", label: text("lastUsed"), render: (session) => formats.ago(session.last_used_at), sortBy: (session) => session.last_used_at },
      {
        id: "end",
        label: text("actions"),
        render: (session) =>
          !session.current && (
            <Button size="small" color="error" onClick={() => mutate(session)}>
              {text("endSession")}
            </Button>
          ),
      },
    ],
    [text, formats, mutate],
  );
  if (sessions.isPending) return <Loading />;
  if (sessions.error) return <ErrorNotice error={sessions.error} retry={() => void sessions.refetch()} />;
  return <DataTable label={text("sessionsTitle")} columns={columns} rows={sessions.data} keyOf={(session) => session.id} empty={text("sessionsNone")} />;
}
