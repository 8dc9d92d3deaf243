"""Answers to other processes: decode, run the handler here, encode; the one place where errors become replies."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from covey.errors import (
    CoveyError,
    DeadlineExceeded,
    Draining,
    InvalidRequest,
    Overloaded,
    PayloadTooLarge,
    PeerUnavailable,
)
from covey.protocol import subjects
from covey.rpc.callers import Callers
from covey.rpc.carrier import Carrier, CarrierSubscription
from covey.rpc.context import CallContext
from covey.rpc.inbox import sender_of
from covey.rpc.parts import IncomingParts, IncomingRequest
from covey.rpc.serving import CallHandler, Served, StreamHandler, unnamed
from covey.rpc.signing import CallSignatures
from covey.rpc.stream_sender import StreamSender
from covey.rpc.wire import ErrorReply, context_of, control_decoder, encoder, error_reply

_log = structlog.get_logger(__name__)

CONCURRENT_REQUESTS = 4096
"""Requests and streams of other processes in hand at once; further ones are refused as overloaded."""
CUT_SHORT_TIMEOUT_S = 2.0


class RemoteService:
    """One served instance, as other processes see it."""

    def __init__(
        self,
        carrier: Carrier,
        served: Served,
        callers: Callers,
        signatures: CallSignatures,
        *,
        limit: int = CONCURRENT_REQUESTS,
    ) -> None:
        self.served = served
        self._signatures = signatures
        self._carrier = carrier
        self._callers = callers
        self._limit = limit
        scope = subjects.scope_of(served.instance)
        self._answers_below = served.name if scope is None else f"{served.name}.{scope}"
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._senders: dict[str, StreamSender] = {}
        self._requests: list[CarrierSubscription] = []
        self._parts = IncomingParts(carrier, served.instance, self._take_whole, self._refuse)
        self._control: CarrierSubscription | None = None
        handlers: list[CallHandler | StreamHandler] = [*served.streams.values()]
        handlers += [handler for handler in served.calls.values() if not handler.endpoint.local]
        self._decoders = {
            handler.endpoint.name: msgspec.msgpack.Decoder(handler.endpoint.request) for handler in handlers
        }

    async def open(self) -> None:
        name, instance = self.served.name, self.served.instance
        self._control = await self._carrier.subscribe(
            subjects.stream_control(name, instance, "_")[:-1] + "*", self._hear
        )
        self._requests = [await self._carrier.subscribe(subjects.rpc_to(f"{name}.*", instance), self._take)]
        if subjects.scope_of(instance) is None:  # others hear what is addressed to them, not what is for anybody
            self._requests.append(await self._carrier.subscribe(subjects.rpc(f"{name}.*"), self._take, queue=name))

    async def drain(self, budget_s: float) -> None:
        """Take no more, but serve what is on its way; let work finish for up to ``budget_s``; end the rest."""
        started = asyncio.get_running_loop().time()
        requests, self._requests = self._requests, []
        for subscription in requests:
            await subscription.close()
        ends = started + budget_s
        self._parts.end_all(Draining("this instance is going away"))
        if self._tasks and budget_s > 0:
            left_s = ends - asyncio.get_running_loop().time()
            await asyncio.wait(tuple(self._tasks.values()), timeout=max(0.0, left_s))
        await self.served.until_idle(ends - asyncio.get_running_loop().time())  # callers of this process count as well
        for sender in tuple(self._senders.values()):
            sender.stop(Draining("this instance is going away"))
        await self.served.cut_short()
        await self._end_tasks()
        control, self._control = self._control, None
        if control is not None:
            await control.close()

    async def _end_tasks(self) -> None:
        if self._tasks:
            await asyncio.wait(tuple(self._tasks.values()), timeout=CUT_SHORT_TIMEOUT_S)
        for task in tuple(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def beat(self, now: float, lag_s: float) -> None:
        for sender in tuple(self._senders.values()):
            sender.beat(now, lag_s)
        self._parts.beat(now, lag_s)

    def _hear(self, subject: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
        token = subject.rpartition(".")[2]
        if subjects.HEADER_OFFSET in headers:
            self._parts.hear(token, payload, headers, asyncio.get_running_loop().time())
            return
        try:
            control = control_decoder.decode(payload)
        except msgspec.DecodeError:
            _log.warning("control_malformed")
            return
        sender = self._senders.get(token)
        if sender is not None:
            sender.hear(control, asyncio.get_running_loop().time())
        elif control.cancel and not self._parts.forget(token) and (task := self._tasks.get(token)) is not None:
            task.cancel()

    def _take(self, subject: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
        sender = sender_of(reply, self._answers_below)
        if sender is None:
            return  # a question without a place where we may answer is no question
        caller_name, token, number = sender
        try:  # first of all: what is not signed marks no number as seen
            self._signatures.check(self.served.name, subject, reply, headers)
        except CoveyError as error:
            self._refuse(reply, error)
            return
        caller = self._callers.get(caller_name)
        if not caller.is_new(number):
            _log.warning("request_repeated", request_id=headers.get(subjects.HEADER_REQUEST_ID))
            return
        now = asyncio.get_running_loop().time()
        try:
            if len(self._tasks) + len(self._parts) >= self._limit:
                raise Overloaded
            sent = headers.get(subjects.HEADER_SENT_MS, "")
            delay_s = caller.delay_s(int(sent) / 1000, now) if sent.isdecimal() else 0.0
            context = context_of(headers, now=now, delay_s=delay_s)
            if context.deadline is not None and context.deadline <= now:
                raise DeadlineExceeded
            method = subject.rpartition(".")[2]
            if subjects.HEADER_SIZE in headers:
                self._parts.begin(method, payload, headers, context, reply, now)
                return
        except CoveyError as error:
            self._refuse(reply, error)
            return
        self._begin(method, payload, headers.get(subjects.HEADER_DIGEST), context, reply, token)

    def _take_whole(self, request: IncomingRequest) -> None:
        self._begin(request.method, request.whole(), request.digest, request.context, request.reply, request.token)

    def _begin(
        self, method: str, payload: bytes, digest: str | None, context: CallContext, reply: str, token: str
    ) -> None:
        try:
            self._signatures.check_payload(self.served.name, digest, payload)
            work = self._work(method, payload, context, reply, token)
        except CoveyError as error:
            self._refuse(reply, error)
            return
        task = self._tasks[token] = asyncio.create_task(work)  # drain() cancels and awaits it
        task.add_done_callback(lambda _: self._forget(token))

    def _forget(self, token: str) -> None:
        self._tasks.pop(token, None)
        self._senders.pop(token, None)

    def _work(
        self, method: str, payload: bytes, context: CallContext, reply: str, token: str
    ) -> Coroutine[Any, Any, None]:
        name = f"{self.served.name}.{method}"
        decoder = self._decoders.get(name)
        if decoder is None:
            raise PeerUnavailable("this instance does not know the question")
        try:
            request = decoder.decode(payload)
        except msgspec.DecodeError as error:
            raise InvalidRequest("the request is malformed") from error
        call = self.served.calls.get(name)
        if call is not None:
            return self._answer(call, request, context, reply)
        return self._stream(self.served.streams[name], request, context, reply, token)

    async def _answer(self, handler: CallHandler, request: Any, context: CallContext, reply: str) -> None:
        try:
            answer = encoder.encode(await handler.call(request, context))
            if len(answer) > self._carrier.max_payload_bytes:
                raise PayloadTooLarge("the answer does not fit the mesh")
            self._carrier.publish(reply, answer)
        except CoveyError as error:
            self._refuse(reply, error)
        except Exception as error:  # logged by unnamed: an answer that cannot be encoded
            self._refuse(reply, unnamed(handler.endpoint.name, error, context.request_id))

    async def _stream(self, handler: StreamHandler, request: Any, context: CallContext, reply: str, token: str) -> None:
        sender = StreamSender(self._carrier, reply, self.served.instance, asyncio.get_running_loop().time())
        self._senders[token] = sender
        await sender.send(handler.open(request, context), handler.endpoint.name, context.request_id)

    def _refuse(self, reply: str, error: CoveyError) -> None:
        body = error_reply(error)
        with suppress(PeerUnavailable):  # the caller cannot be reached, and waits for its own time-out
            self._carrier.publish(
                reply,
                encoder.encode(ErrorReply(detail=body.detail, param=body.param, retry_after_s=body.retry_after_s)),
                headers={subjects.HEADER_ERROR: error.code},
            )
