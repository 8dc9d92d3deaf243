"""Attached generations under way, for those who ask what of theirs runs.

A generation that passes through is not authorised here, so whose it is, is not known here either. It costs the request
one entry in a table; only when somebody asks, the gateway is asked whose the credentials are, each once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import sha256

from covey.domain.policy import INFERENCE
from covey.errors import Forbidden, Unauthenticated
from covey.protocol.auth import Identity
from covey.protocol.ids import GenerationId, RequestId, UserId
from covey.protocol.inference import GenerationInfo
from covey.rpc.context import CallContext
from covey.workers.client.gateways import Gateways
from covey.workers.client.progress import Progress

MOST_OWNERS = 10_000
AT_ONCE = 50
"""Credentials that are asked about at the same time."""


class AttachedGenerations:
    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways
        self.running: dict[Progress, tuple[RequestId, str]] = {}
        """The request's id and its credential; whoever passes a generation on adds it and takes it away."""
        self._owners: OrderedDict[bytes, UserId] = OrderedDict()
        """Whose a credential is never changes. Only its hash is kept."""

    def __len__(self) -> int:
        return len(self.running)

    async def of(self, identity: Identity, context: CallContext) -> list[GenerationInfo]:
        """The caller's, newest first. Raises as a gateway does that cannot be asked."""
        present = [(progress, *facts) for progress, facts in reversed(self.running.items())]
        own = await self._of_user(identity.user_id, {credential for _, _, credential in present}, context)
        return [_info(progress, request_id) for progress, request_id, credential in present if credential in own]

    async def _of_user(self, user_id: UserId, credentials: set[str], context: CallContext) -> set[str]:
        hashes = {credential: sha256(credential.encode()).digest() for credential in credentials}
        unknown = [credential for credential in credentials if hashes[credential] not in self._owners]
        for begin in range(0, len(unknown), AT_ONCE):
            asked = unknown[begin : begin + AT_ONCE]
            found = await asyncio.gather(*(self._owner(credential, context) for credential in asked))
            for credential, owner in zip(asked, found, strict=True):
                if owner is not None:
                    self._owners[hashes[credential]] = owner
        own = {credential for credential in credentials if self._owners.get(hashes[credential]) == user_id}
        while len(self._owners) > MOST_OWNERS:
            self._owners.popitem(last=False)
        return own

    async def _owner(self, credential: str, context: CallContext) -> UserId | None:
        try:
            return (await self._gateways.authorize(credential, INFERENCE, context)).user_id
        except (Unauthenticated, Forbidden):
            return None  # it is about to be refused or cut


def _info(progress: Progress, request_id: RequestId) -> GenerationInfo:
    return GenerationInfo(
        id=GenerationId(request_id),
        model=progress.model,
        state="running",
        events=0,
        time_line=progress.time_line(),
        node=progress.node,
        attached=True,
    )
