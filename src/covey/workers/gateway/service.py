"""What the gateway answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from covey.domain.policy import authorize
from covey.errors import CoveyError, Unauthenticated
from covey.protocol.auth import Identity
from covey.protocol.inference import GATEWAY_EMBED, Embeddings, GatewayEmbed
from covey.protocol.operations import (
    AUTHORIZE,
    GATEWAY_PULL_MODEL,
    OPERATE,
    Authorize,
    GatewayPull,
    Operate,
    OperationResult,
)
from covey.protocol.overview import GATEWAY_ACTIVITY, AskActivity, GatewayActivity
from covey.protocol.registry import PullProgress
from covey.protocol.settings import GATEWAY_SHOW_SETTINGS, SettingsInForce, ShowSettings
from covey.rpc.context import CallContext
from covey.rpc.service import serves, streams
from covey.workers.gateway.audit import Audit
from covey.workers.gateway.catalogue import Catalogue
from covey.workers.gateway.embeddings import EmbeddingRequests
from covey.workers.gateway.generations import Generations
from covey.workers.gateway.node_settings import NodeSettings
from covey.workers.gateway.operations import Operations
from covey.workers.gateway.overview import GatewayState
from covey.workers.gateway.parts import RequestParts

PULL = "models.pull"


class GatewayService(Generations):
    """Client workers are its only callers; it trusts nothing about them but that they pass on what they were given."""

    def __init__(
        self,
        parts: RequestParts,
        embeddings: EmbeddingRequests,
        operations: Operations,
        catalogue: Catalogue,
        audit: Audit,
        state: GatewayState,
        settings: NodeSettings,
    ) -> None:
        super().__init__(parts)
        self._contents = parts.contents
        self._embeddings = embeddings
        self._operations = operations
        self._catalogue = catalogue
        self._audit = audit
        self._state = state
        self._settings = settings

    @serves(GATEWAY_EMBED)
    async def embed(self, request: GatewayEmbed, context: CallContext) -> Embeddings:
        return await self._embeddings.embed(request, context)

    @serves(OPERATE)
    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        return await self._operations.operate(request, context)

    @serves(AUTHORIZE)
    async def authorize(self, request: Authorize, context: CallContext) -> Identity:
        return self._operations.authorize_named(request.operation, request.credential)

    @serves(GATEWAY_ACTIVITY)
    async def activity(self, request: AskActivity, context: CallContext) -> GatewayActivity:
        return self._state.told(request)

    @serves(GATEWAY_SHOW_SETTINGS)
    async def show_settings(self, request: ShowSettings, context: CallContext) -> SettingsInForce:
        return self._settings.told(request)

    @streams(GATEWAY_PULL_MODEL)
    async def pull_model(self, request: GatewayPull, context: CallContext) -> AsyncGenerator[PullProgress, None]:
        """Have a processor fetch a model; for administrators, and in the audit log as soon as a processor took it
        up or refused."""
        identity: Identity | None = None
        written = False
        try:
            identity = self._credentials.verify(request.credential).identity
            authorize("admin", identity)
            context = msgspec.structs.replace(context, identity=identity)
            async with aclosing(self._catalogue.pull_model(request.pull, context)) as progress:
                async for step in progress:
                    if not written:
                        written = True
                        await self._audit.write(PULL, context, identity, request=request.pull)
                    yield step
        except Unauthenticated:
            raise  # strangers must not fill the log
        except CoveyError as error:
            if not written:
                await self._audit.write(PULL, context, identity, request=request.pull, error=error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if not written:  # it may have been taken up all the same
                await self._audit.write(PULL, context, identity, request=request.pull, later=True)
            raise
