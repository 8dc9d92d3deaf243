"""Calls that leave the process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from covey.errors import CoveyError, DeadlineExceeded, Draining, PeerUnavailable
from covey.protocol import subjects
from covey.protocol.endpoint import Endpoint
from covey.protocol.ids import InstanceId
from covey.rpc.carrier import HEADER_STATUS, STATUS_NOBODY, Carrier
from covey.rpc.context import CallContext
from covey.rpc.inbox import Inbox
from covey.rpc.parts import OutgoingParts
from covey.rpc.signing import CallSignatures
from covey.rpc.wire import Control, Decoders, encoder, error_in, headers_of

_log = structlog.get_logger(__name__)

RETRY_PAUSES_S = (0.01, 0.03)
"""Pauses before an idempotent call is sent again, each stretched by up to as much again at random."""


class RemoteCalls:
    """One question, one answer, over the carrier."""

    def __init__(
        self,
        carrier: Carrier,
        inbox: Inbox,
        decoders: Decoders,
        instances_of: Callable[[str], Iterable[InstanceId]],
        signatures: CallSignatures,
    ) -> None:
        self._carrier = carrier
        self._signatures = signatures
        self._inbox = inbox
        self._decoders = decoders
        self._instances_of = instances_of

    async def call(
        self, endpoint: Endpoint[Any, Any], request: msgspec.Struct, context: CallContext, to: InstanceId | None
    ) -> Any:
        loop = asyncio.get_running_loop()
        latest = loop.time() + endpoint.timeout_s
        if context.deadline is not None and context.deadline < latest:
            latest = context.deadline
        payload = encoder.encode(request)
        pauses = iter(RETRY_PAUSES_S if endpoint.idempotent else ())
        while True:
            try:
                return await self._ask(endpoint, payload, context, latest, to)
            except (PeerUnavailable, Draining):
                # Never after a time-out, never when it may have been done already: only what is safe twice gets here.
                pause_s = next(pauses, None)
                if pause_s is None:
                    raise
                pause_s *= 1.0 + random.random()
                if loop.time() + pause_s >= latest:
                    raise
                await asyncio.sleep(pause_s)

    async def _ask(
        self,
        endpoint: Endpoint[Any, Any],
        payload: bytes,
        context: CallContext,
        latest: float,
        to: InstanceId | None,
    ) -> Any:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if latest <= now:
            raise DeadlineExceeded
        answered: asyncio.Future[tuple[bytes, Mapping[str, str]]] = loop.create_future()

        def answer(body: bytes, headers: Mapping[str, str]) -> None:
            if answered.done() or (parts is not None and headers and _goes_on(parts, headers, answered)):
                return
            answered.set_result((body, headers))

        subject = subjects.rpc(endpoint.name) if to is None else subjects.rpc_to(endpoint.name, to)
        token = self._inbox.open(answer, endpoint.service, to)
        timer = loop.call_at(latest, _expire, answered)
        sent_headers = headers_of(context, now=now, deadline=latest, caller=self._inbox.owner)
        parts: OutgoingParts | None = None
        try:
            if len(payload) > self._carrier.max_payload_bytes:
                parts = OutgoingParts(self._carrier, endpoint.service, token, payload, to)
                sent_headers |= parts.headers
            reply = self._inbox.address(token)
            headers = self._signatures.sign(endpoint.service, subject, reply, sent_headers, payload)
            self._carrier.publish(subject, payload if parts is None else parts.first, headers=headers, reply=reply)
            body, headers = await answered
        except asyncio.CancelledError:
            self._cancel(endpoint.service, token, to or (None if parts is None else parts.instance))
            raise
        finally:
            timer.cancel()
            self._inbox.close(token)
        return self._response(endpoint, body, headers)

    def _response(self, endpoint: Endpoint[Any, Any], body: bytes, headers: Mapping[str, str]) -> Any:
        if headers:
            if headers.get(HEADER_STATUS) == STATUS_NOBODY:
                raise PeerUnavailable(f"no {endpoint.service} instance is there to answer")
            code = headers.get(subjects.HEADER_ERROR)
            if code is not None:
                raise error_in(code, body)
        try:
            return self._decoders.response(endpoint).decode(body)
        except msgspec.DecodeError as error:
            _log.error("answer_malformed", endpoint=endpoint.name, reason=type(error).__name__)
            raise CoveyError from error

    def _cancel(self, service: str, token: str, to: InstanceId | None) -> None:
        cancel_remote(self._carrier, service, token, [to] if to is not None else self._instances_of(service))


def cancel_remote(carrier: Carrier, service: str, token: str, instances: Iterable[InstanceId]) -> None:
    """Tell whoever works on it to stop. Which instance took it may be unknown: then all are told."""
    payload = encoder.encode(Control(cancel=True))
    with suppress(PeerUnavailable):  # a peer that cannot be told hears nothing more from us, and stops by that
        for instance in instances:
            carrier.publish(subjects.stream_control(service, instance, token), payload)


def _goes_on(parts: OutgoingParts, headers: Mapping[str, str], answered: asyncio.Future[Any]) -> bool:
    """Whether it was no answer but the wish for more of the request, which is sent then."""
    try:
        return parts.hear(headers)
    except CoveyError as error:
        answered.set_exception(error)
        return True


def _expire(answered: asyncio.Future[Any]) -> None:
    if not answered.done():
        answered.set_exception(DeadlineExceeded())
