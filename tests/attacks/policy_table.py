"""Who may do what, written down a second time: a change of ``protocol/operations.py`` that alters access fails here."""

ANONYMOUS = "anonymous"
KEY = "key"  # an API key that may generate and nothing else
MEMBER = "member"
ADMIN = "admin"

ALLOWED: dict[str, set[str]] = {
    "registration.policy": {ANONYMOUS, KEY, MEMBER, ADMIN},
    "accounts.register": {ANONYMOUS, KEY, MEMBER, ADMIN},
    "sessions.login": {ANONYMOUS, KEY, MEMBER, ADMIN},
    "sessions.refresh": {ANONYMOUS, KEY, MEMBER, ADMIN},
    "sessions.logout": {MEMBER, ADMIN},
    "accounts.change_password": {MEMBER, ADMIN},
    "accounts.me": {KEY, MEMBER, ADMIN},
    "sessions.list": {MEMBER, ADMIN},
    "sessions.revoke": {MEMBER, ADMIN},
    "keys.create": {MEMBER, ADMIN},
    "keys.list": {MEMBER, ADMIN},
    "keys.revoke": {MEMBER, ADMIN},
    "models.list": {KEY, MEMBER, ADMIN},
    "models.show": {KEY, MEMBER, ADMIN},
    "models.running": {KEY, MEMBER, ADMIN},
    "models.remove": {ADMIN},
    "nodes.list": {ADMIN},
    "conversations.create": {MEMBER, ADMIN},
    "conversations.list": {MEMBER, ADMIN},
    "conversations.get": {MEMBER, ADMIN},
    "conversations.update": {MEMBER, ADMIN},
    "conversations.delete": {MEMBER, ADMIN},
    "conversations.append": {MEMBER, ADMIN},
    "preferences.get": {MEMBER, ADMIN},
    "preferences.set": {MEMBER, ADMIN},
    "generations.list": {MEMBER, ADMIN},
    "generations.get": {MEMBER, ADMIN},
    "usage.query": {MEMBER, ADMIN},
    "audit.query": {ADMIN},
    "users.list": {ADMIN},
    "users.update": {ADMIN},
    "users.delete": {ADMIN},
    "users.reset_password": {ADMIN},
    "invitations.create": {ADMIN},
    "invitations.list": {ADMIN},
    "invitations.revoke": {ADMIN},
    "signing_keys.rotate": {ADMIN},
}
