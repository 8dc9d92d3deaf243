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
  "nodes.drain": "auditDrain",
  "nodes.resume": "auditResume",
  "nodes.invite": "auditMachineInvite",
  "nodes.revoke_invitation": "auditMachineRevoke",
  "nodes.join": "auditMachineJoin",
  "nodes.remove": "auditMachineRemove",
  "models.set_settings": "auditModelSettings",
  "models.reset_settings": "auditModelReset",
  "pulls.cancel": "auditPullCancel",
  "users.revoke_key": "auditUserKey",
  "users.end_sessions": "auditUserSessions",
  "requests.content": "auditContent",
};

/** The same as whole sentences about `{name}`. */
export const SENTENCES: Record<string, MessageKey> = {
  "accounts.register": "saysRegister",
  "sessions.login": "saysLogin",
  "sessions.logout": "saysLogout",
  "sessions.revoke": "saysSessionRevoke",
  "accounts.change_password": "saysPassword",
  "keys.create": "saysKeyCreate",
  "keys.revoke": "saysKeyRevoke",
  "users.update": "saysUserUpdate",
  "users.delete": "saysUserDelete",
  "users.reset_password": "saysUserReset",
  "invitations.create": "saysInvite",
  "invitations.revoke": "saysInvitationRevoke",
  "models.pull": "saysModelPull",
  "models.remove": "saysModelRemove",
  "signing_keys.rotate": "saysRotate",
  "nodes.drain": "saysDrain",
  "nodes.resume": "saysResume",
  "nodes.invite": "saysMachineInvite",
  "nodes.revoke_invitation": "saysMachineRevoke",
  "nodes.join": "saysMachineJoin",
  "nodes.remove": "saysMachineRemove",
  "models.set_settings": "saysModelSettings",
  "models.reset_settings": "saysModelReset",
  "pulls.cancel": "saysPullCancel",
  "users.revoke_key": "saysUserKey",
  "users.end_sessions": "saysUserSessions",
  "requests.content": "saysContent",
};

/** Marks that keep a name of any direction apart from the sentence around it (Unicode FSI and PDI). */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
