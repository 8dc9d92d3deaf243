"""Carries out what people ask for besides generating: authenticated, authorised, decoded, passed on, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from covey.domain.operation_requests import decode_request
from covey.domain.policy import INFERENCE, authorize
from covey.errors import CoveyError, InvalidRequest, NotFound, TooManyAttempts, Unauthenticated
from covey.protocol.auth import SERVICE as AUTH
from covey.protocol.auth import Identity
from covey.protocol.operations import (
    LIST_MODELS,
    LIST_NODES,
    LIST_RUNNING,
    OPERATE,
    OPERATIONS_BY_NAME,
    REMOVE_MODEL,
    SHOW_MODEL,
    Operate,
    Operation,
    OperationResult,
)
from covey.protocol.overview import GET_OVERVIEW
from covey.protocol.settings import LIST_SETTINGS
from covey.protocol.usage import QUERY_AUDIT, QUERY_USAGE
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.workers.gateway.administration import Administration, Handler, administrative
from covey.workers.gateway.audit import Audit, outcome_of
from covey.workers.gateway.catalogue import Catalogue
from covey.workers.gateway.credentials import Credentials
from covey.workers.gateway.machines import KEPT, keeper_of
from covey.workers.gateway.metering import UsageMeter
from covey.workers.gateway.metrics import GatewayMetrics

_encode = msgspec.msgpack.Encoder().encode
Asking = Callable[[Any, str, CallContext], Awaitable[msgspec.Struct]]
"""What asks other gateways in turn, with the credential, which they verify themselves."""


class Operations:
    """The catalogue of operations, put to work."""

    def __init__(
        self,
        bus: Bus,
        credentials: Credentials,
        catalogue: Catalogue,
        meter: UsageMeter,
        audit: Audit,
        metrics: GatewayMetrics,
        administration: Administration,
    ) -> None:
        self._bus = bus
        self._credentials = credentials
        self._catalogue = catalogue
        self._meter = meter
        self._audit = audit
        self._metrics = metrics
        self._administration = administration
        self._own: dict[str, Handler] = {
            LIST_MODELS.name: self._list_models,
            SHOW_MODEL.name: lambda request, identity, context: catalogue.show_model(request, identity, context),
            LIST_RUNNING.name: lambda request, identity, context: catalogue.list_running(identity, context),
            REMOVE_MODEL.name: lambda request, identity, context: catalogue.remove_model(request, identity, context),
            LIST_NODES.name: self._list_nodes,
            QUERY_USAGE.name: self._query_usage,
            QUERY_AUDIT.name: lambda request, identity, context: audit.query(request),
        }
        self._own |= administrative(administration)
        self._asking_on: dict[str, Asking] = {
            GET_OVERVIEW.name: lambda request, credential, context: administration.overviews.overview(
                credential, context
            ),
            LIST_SETTINGS.name: administration.settings.find,
        }

    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        """Raises what the operation's owner raises, InvalidRequest for a body that does not fit, Unauthenticated and
        Forbidden."""
        operation = OPERATIONS_BY_NAME.get(request.operation)
        if operation is None:
            raise NotFound("there is no such operation")
        if operation.name in KEPT and not self._administration.machines.here:
            keeper = keeper_of(self._bus)
            if keeper is not None:  # it verifies the credential itself, and writes down what was done
                return await self._bus.call(OPERATE, request, context, to=keeper)
        identity: Identity | None = None
        asked: msgspec.Struct | None = None
        response: msgspec.Struct | None = None
        failure: BaseException | None = None
        try:
            if operation.access != "anonymous":
                identity = None if request.credential is None else self._credentials.verify(request.credential).identity
            authorize(operation.access, identity)
            asked = decode_request(operation, request.body)
            context = msgspec.structs.replace(context, identity=identity)
            response = await self._answer(operation, asked, identity, request.credential, context)
            return OperationResult(body=_encode(response))
        except BaseException as error:  # raised again: kept only for the audit log
            failure = error
            raise
        finally:
            await self._write_down(operation, context, identity, asked, response, failure)

    def authorize_named(self, name: str, credential: str) -> Identity:
        """Who asks, for the client worker, which carries out its own operations; ``inference`` is generating. Raises
        Unauthenticated or Forbidden."""
        identity = self._credentials.verify(credential).identity
        if name == INFERENCE:
            authorize("inference", identity)
            return identity
        operation = OPERATIONS_BY_NAME.get(name)
        if operation is None:
            raise NotFound("there is no such operation")
        authorize(operation.access, identity)
        return identity

    async def _answer(
        self,
        operation: Operation,
        asked: msgspec.Struct,
        identity: Identity | None,
        credential: str | None,
        context: CallContext,
    ) -> msgspec.Struct:
        if operation.owner == AUTH:
            answer: msgspec.Struct = await self._bus.call(operation.endpoint, asked, context)
            return answer
        asking_on = self._asking_on.get(operation.endpoint.name)
        if asking_on is not None and credential is not None:
            return await asking_on(asked, credential, context)
        handler = self._own.get(operation.endpoint.name)
        if handler is None or identity is None:
            raise NotFound("this operation is not carried out here")
        return await handler(asked, identity, context)

    async def _list_models(self, _: Any, identity: Identity, __: CallContext) -> msgspec.Struct:
        return self._catalogue.list_models(identity)

    async def _query_usage(self, request: Any, identity: Identity, _: CallContext) -> msgspec.Struct:
        return self._administration.names.named(await self._meter.query(request, identity))

    async def _list_nodes(self, _: Any, __: Identity, ___: CallContext) -> msgspec.Struct:
        return self._administration.nodes.list()

    async def _write_down(
        self,
        operation: Operation,
        context: CallContext,
        identity: Identity | None,
        asked: msgspec.Struct | None,
        response: msgspec.Struct | None,
        failure: BaseException | None,
    ) -> None:
        cancelled = isinstance(failure, asyncio.CancelledError)
        error = CoveyError() if failure is not None and not isinstance(failure, Exception) else failure
        self._metrics.operation(operation.name, "cancelled" if cancelled else outcome_of(error))
        if not operation.audited or _is_noise(operation, asked, failure):
            return
        # Cancelled, it may still have been done: that it was asked for has to be known all the same.
        await self._audit.write(
            operation.name, context, identity, request=asked, response=response, error=error, later=cancelled
        )


def _is_noise(operation: Operation, asked: msgspec.Struct | None, failure: BaseException | None) -> bool:
    """What strangers can do as often as they like must not fill the log: requests that do not fit, are throttled, or
    come with a credential of nobody's."""
    if operation.access != "anonymous":
        return isinstance(failure, Unauthenticated)
    return asked is None or isinstance(failure, TooManyAttempts | InvalidRequest)
