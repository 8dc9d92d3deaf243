"""Who is asking, decided from the identity that the gateway vouches for and from the account as it is now."""

from __future__ import annotations

from covey.errors import Forbidden, Unauthenticated
from covey.protocol.auth import Identity, Scope
from covey.rpc.context import CallContext
from covey.workers.auth.accounts import Accounts
from covey.workers.auth.records import Stored, UserRecord


class Actor:
    """A person, verified against the stored account, and the credential they came with."""

    __slots__ = ("identity", "stored")

    def __init__(self, identity: Identity, stored: Stored[UserRecord]) -> None:
        self.identity = identity
        self.stored = stored

    @property
    def user(self) -> UserRecord:
        return self.stored.record


class Authorization:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def anyone(self, context: CallContext) -> Actor:
        """Somebody with a valid credential. Raises Unauthenticated."""
        if context.identity is None:
            raise Unauthenticated("this needs a credential")
        stored = await self._accounts.find(context.identity.user_id)
        if stored is None or stored.record.status != "active":
            raise Unauthenticated("the credential is not valid: unknown, expired or revoked")
        return Actor(context.identity, stored)

    async def owner(self, context: CallContext) -> Actor:
        """Somebody who may manage their own account. Raises Unauthenticated, Forbidden."""
        return await self._with_scope(context, "account")

    async def administrator(self, context: CallContext) -> Actor:
        """An administrator, now and by the credential's scopes. Raises Unauthenticated, Forbidden."""
        actor = await self._with_scope(context, "admin")
        if actor.identity.role != "admin" or actor.user.role != "admin":
            raise Forbidden("this is for administrators")
        return actor

    async def _with_scope(self, context: CallContext, scope: Scope) -> Actor:
        actor = await self.anyone(context)
        if scope not in actor.identity.scopes:
            raise Forbidden(f"the credential does not have the scope {scope}")
        return actor
