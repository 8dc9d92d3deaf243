import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import { type Column, DataTable } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { FilterSelect } from "@/components/FilterSelect";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { useFormats, useText } from "@/i18n/locale";
import type { User } from "@/lib/api_types";
import { foundUsersQuery, type UserFilter } from "../api/users_api";
import { Invitations } from "./Invitations";
import { UserMenu } from "./UserMenu";
import { UserPanel } from "./UserPanel";

/** Everybody who has an account, and who is invited to make one. */
export function UsersPage() {
  const text = useText();
  const [search, setSearch] = useState("");
  const [role, setRole] = useState<UserFilter["role"]>("");
  const [status, setStatus] = useState<UserFilter["status"]>("");
  const settled = useDeferredValue(search.trim());
  const users = useInfiniteQuery({ ...foundUsersQuery({ search: settled, role, status }), placeholderData: keepPreviousData });
  const found = useMemo(() => users.data?.pages.flatMap((page) => page.items) ?? [], [users.data]);
  return (
    <Page wide title={text("usersTitle")} lead={text("usersLead")}>
      <Box role="search" aria-label={text("usersTitle")} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mb: 2 }}>
        <TextField
          size="small"
          type="search"
          label={text("usersSearch")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          slotProps={{ htmlInput: { maxLength: 64 } }}
          sx={{ width: "18rem", maxWidth: "100%" }}
        />
        <FilterSelect
          label={text("userRole")}
          value={role}
          options={[
            ["admin", text("roleAdmin")],
            ["member", text("roleMember")],
          ]}
          onChange={(value) => setRole(value as UserFilter["role"])}
        />
        <FilterSelect
          label={text("state")}
          value={status}
          options={[
            ["active", text("userActive")],
            ["suspended", text("userSuspended")],
          ]}
          onChange={(value) => setStatus(value as UserFilter["status"])}
        />
      </Box>
      {users.isPending && <Loading />}
      {users.error && <ErrorNotice error={users.error} retry={() => void users.refetch()} />}
      {users.data && (
        <UserTable
          users={found}
          foot={
            users.hasNextPage && (
              <Button loading={users.isFetchingNextPage} onClick={() => void users.fetchNextPage()}>
                {text("loadMore")}
              </Button>
            )
          }
        />
      )}
      <Box component="section" aria-labelledby="invitations-heading" sx={{ mt: 5 }}>
        <Typography id="invitations-heading" variant="h2" sx={{ mb: 2 }}>
          {text("invitationsTitle")}
        </Typography>
        <Invitations />
      </Box>
    </Page>
  );
}

function UserTable({ users, foot }: { users: User[]; foot: React.ReactNode }) {
  const [open, setOpen] = useState<User | null>(null);
  const text = useText();
  const formats = useFormats();
  const columns = useMemo<Column<User>[]>(
    () => [
      { id: "name", label: text("username"), render: (user) => <bdi>{user.username}</bdi>, sortBy: (user) => user.username },
      { id: "role", label: text("userRole"), render: (user) => text(user.role === "admin" ? "roleAdmin" : "roleMember"), sortBy: (user) => user.role },
      {
        id: "status",
        label: text("state"),
        sortBy: (user) => user.status,
        render: (user) => (
          <Chip
            size="small"
            variant="outlined"
            color={user.status === "active" ? "success" : "warning"}
            label={text(user.status === "active" ? "userActive" : "userSuspended")}
          />
        ),
      },
      { id: "created", label: text("userSince"), render: (user) => formats.day(user.created_at), sortBy: (user) => user.created_at },
      {
        id: "login",
        label: text("userLastLogin"),
        render: (user) => (user.last_login_at === null ? text("never") : formats.ago(user.last_login_at)),
        sortBy: (user) => user.last_login_at ?? 0,
      },
      { id: "actions", label: text("actions"), render: (user) => <UserMenu user={user} /> },
    ],
    [text, formats],
  );
  return (
    <>
      <DataTable
        label={text("usersTitle")}
        columns={columns}
        rows={users}
        keyOf={(user) => user.id}
        empty={text("usersNone")}
        foot={foot}
        onOpen={setOpen}
        openLabel={(user) => text("userOpen", { name: user.username })}
      />
      <UserPanel user={open} onClose={() => setOpen(null)} />
    </>
  );
}
