import { mdiDotsHorizontal } from "@mdi/js";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { IconAction } from "@/components/IconAction";
import { toast } from "@/components/toast";
import { useSession } from "@/features/session/session";
import { adviceFor } from "@/i18n/errors";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import type { Role, User } from "@/lib/api_types";
import { deleteUser, updateUser } from "../api/users_api";
import { ResetPasswordDialog } from "./ResetPasswordDialog";

/** What an administrator can do with an account. Not with the own one, so that nobody locks himself out. */
export function UserMenu({ user }: { user: User }) {
  const text = useText();
  const client = useQueryClient();
  const own = useSession((state) => state.user?.id === user.id);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [asking, setAsking] = useState<"suspend" | "delete" | "reset" | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: ["users"] });
  const change = async (wanted: { role?: Role; status?: "active" | "suspended" }) => {
    setAnchor(null);
    try {
      await updateUser(user.id, wanted);
      toast({ text: text("userChanged", { name: user.username }) });
    } catch (caught) {
      const failure = asApiError(caught);
      toast({ severity: "error", text: failure.message || adviceFor(failure, text).title });
    }
    await renew();
  };
  const ask = (what: "suspend" | "delete" | "reset") => {
    setAnchor(null);
    setAsking(what);
  };
  if (own) return null;
  return (
    <>
      <IconAction
        path={mdiDotsHorizontal}
        label={text("userActions", { name: user.username })}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      />
      <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
        {user.role === "member" ? (
          <MenuItem onClick={() => void change({ role: "admin" })}>{text("userPromote")}</MenuItem>
        ) : (
          <MenuItem onClick={() => void change({ role: "member" })}>{text("userDemote")}</MenuItem>
        )}
        {user.status === "active" ? (
          <MenuItem onClick={() => ask("suspend")}>{text("userSuspend")}</MenuItem>
        ) : (
          <MenuItem onClick={() => void change({ status: "active" })}>{text("userRestore")}</MenuItem>
        )}
        <MenuItem onClick={() => ask("reset")}>{text("userReset")}</MenuItem>
        <MenuItem sx={{ color: "error.main" }} onClick={() => ask("delete")}>
          {text("userDelete")}
        </MenuItem>
      </Menu>
      <ConfirmDialog
        open={asking === "suspend"}
        title={text("userSuspendTitle", { name: user.username })}
        action={text("userSuspend")}
        destructive
        run={async () => {
          await updateUser(user.id, { status: "suspended" });
          await renew();
        }}
        onClose={() => setAsking(null)}
      >
        {text("userSuspendText")}
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === "delete"}
        title={text("userDeleteTitle", { name: user.username })}
        action={text("userDelete")}
        destructive
        run={async () => {
          await deleteUser(user.id);
          await renew();
        }}
        onClose={() => setAsking(null)}
      >
        {text("userDeleteText")}
      </ConfirmDialog>
      <ResetPasswordDialog user={user} open={asking === "reset"} onClose={() => setAsking(null)} />
    </>
  );
}
