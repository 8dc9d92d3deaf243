"""Who may do what: the one decision that every operation and every generation passes."""

from __future__ import annotations

from covey.errors import Forbidden, Unauthenticated
from covey.protocol.auth import Identity, Role, Scope
from covey.protocol.operations import Access

INFERENCE = "inference"
"""What generating and embedding are called where an operation's name is asked for."""


def scopes_of(role: Role, granted: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """``granted`` cut down to what the role may have: only administrators keep ``admin``."""
    return granted if role == "admin" else tuple(scope for scope in granted if scope != "admin")


def authorize(access: Access, identity: Identity | None) -> None:
    """Returns when ``identity`` may do what needs ``access``. Raises Unauthenticated or Forbidden."""
    if access == "anonymous":
        return
    if identity is None:
        raise Unauthenticated("this needs a credential")
    if access == "any":
        return
    if access not in identity.scopes:
        raise Forbidden(f"the credential does not have the scope {access}")
    if access == "admin" and identity.role != "admin":
        raise Forbidden("this is for administrators")
