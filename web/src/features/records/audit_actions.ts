import type { MessageKey } from "@/i18n/locale";

/** What the operations of the audit log are called. Those of newer services are shown by their own names. */
export const ACTIONS: Record<string, MessageKey> = {
  "accounts.register": "auditRegister",
  "sessions.login": "auditLogin",
  "sessions.logout": "auditLogout",
  "sessions.revoke": "auditSessionRevoke",
  "accounts.change_password": "auditPassword",
  "keys.create": "auditKeyCreate",
  "keys.revoke": "auditKeyRevoke",
  "users.update": "auditUserUpdate",
  "users.delete": "auditUserDelete",
  "users.reset_password": "auditUserReset",
  "invitations.create": "auditInvite",
  "invitations.revoke": "auditInvitationRevoke",
  "models.pull": "auditModelPull",
  "models.remove": "auditModelRemove",
  "signing_keys.rotate": "auditRotate",
};
