"""A client worker that answers from a script, and a bus that leads straight to it: what is behind the bridge in its
tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from covey.errors import CoveyError, NotFound, PeerUnavailable, Unauthenticated
from covey.protocol import auth, registry
from covey.protocol.conversations import CLIENT_WATCH, WatchConversations, WatchEvent, Watching
from covey.protocol.endpoint import Empty, Endpoint, StreamEndpoint, Topic
from covey.protocol.ids import GenerationId, InstanceId, MessageId, ModelName, NodeName, UserId
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_EMBED,
    CLIENT_FOLLOW,
    CLIENT_GENERATE,
    CLIENT_START,
    CancelGeneration,
    Delta,
    Embeddings,
    Finished,
    FollowGeneration,
    GatewayEmbed,
    GenerationAccepted,
    GenerationEvent,
    Started,
    StartGeneration,
    Usage,
)
from covey.protocol.operations import (
    CLIENT_OPERATE,
    CLIENT_PULL_MODEL,
    OPERATIONS_BY_NAME,
    GatewayPull,
    Operate,
    OperationResult,
)
from covey.rpc.bus import Binding, InstanceReply, Subscription
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves, streams

KEY = "sk-covey-test"
CLIENT = InstanceId("client-abc123")
GENERATION = GenerationId("gen_abc123_0001")
MODEL = registry.ModelInfo(name=ModelName("org/tiny:latest"), engine="sample", modified_at=1_700_000_000.0)
USER = auth.UserInfo(id=UserId("usr_1"), username="ada")

Script = Callable[[StartGeneration], AsyncIterator[GenerationEvent]]


async def hello(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    """The usual answer: two pieces."""
    yield Started(model=start.generate.model, engine="sample", node=NodeName("node-1"), queue_ms=3.0)
    yield Delta(text="Hello")
    yield Delta(text=" world")
    yield Finished(reason="stop", usage=Usage(prompt_tokens=5, completion_tokens=2))


class ScriptedClientWorker(Service):
    """Remembers what it was asked. ``closed`` counts the generations that were closed before their end."""

    service = "client"

    def __init__(self) -> None:
        self.script: Script = hello
        self.starts: list[StartGeneration] = []
        self.follows: list[FollowGeneration] = []
        self.cancels: list[CancelGeneration] = []
        self.watches: list[WatchConversations] = []
        self.changes: list[WatchEvent | CoveyError] = [Watching()]
        """What a watch hears before it ends."""
        self.changes_later: list[WatchEvent | CoveyError] = []
        """The same for those after the first one; empty: the same again."""
        self.operations: list[tuple[str, str | None, Any]] = []
        self.contexts: list[CallContext] = []
        self.embeds: list[GatewayEmbed] = []
        self.pulls: list[GatewayPull] = []
        self.results: dict[str, msgspec.Struct | Callable[[Any], msgspec.Struct]] = {
            "accounts.me": USER,
            "models.list": registry.ModelList(items=(registry.CatalogueModel(model=MODEL, instances=(), nodes=()),)),
            "models.show": registry.ModelDetails(model=MODEL),
        }
        self.operation_error: CoveyError | None = None
        self.pull_error: CoveyError | None = None
        self.finished = 0
        self.closed = 0

    def authenticate(self, credential: str | None) -> None:
        if credential != KEY:
            raise Unauthenticated("the credential is not known")

    async def _run(self, start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        ended = False
        try:
            async for event in self.script(start):
                ended = isinstance(event, Finished)
                yield event
        finally:
            if ended:
                self.finished += 1
            else:
                self.closed += 1

    @streams(CLIENT_GENERATE)
    async def generate(self, request: StartGeneration, context: CallContext) -> AsyncIterator[GenerationEvent]:
        self.contexts.append(context)
        self.authenticate(request.credential)
        self.starts.append(request)
        async for event in self._run(request):
            yield event

    @serves(CLIENT_START)
    async def start(self, request: StartGeneration, context: CallContext) -> GenerationAccepted:
        self.contexts.append(context)
        self.authenticate(request.credential)
        self.starts.append(request)
        accepted = GenerationAccepted(generation_id=GENERATION, instance=CLIENT, request_id=context.request_id)
        if request.conversation_id is None:
            return accepted
        return msgspec.structs.replace(accepted, question_id=MessageId("msg_q"), answer_id=MessageId("msg_a"))

    @streams(CLIENT_FOLLOW)
    async def follow(self, request: FollowGeneration, context: CallContext) -> AsyncIterator[GenerationEvent]:
        self.contexts.append(context)
        self.authenticate(request.credential)
        self.follows.append(request)
        if request.generation_id != GENERATION:
            raise NotFound("there is no such generation")
        number = -1
        async for event in self._run(self.starts[-1]):
            number += 1
            if number > request.after:
                yield event

    @streams(CLIENT_WATCH)
    async def watch(self, request: WatchConversations, context: CallContext) -> AsyncIterator[WatchEvent]:
        self.authenticate(request.credential)
        self.watches.append(request)
        events, self.changes = self.changes, self.changes_later or self.changes
        for event in events:
            if isinstance(event, CoveyError):
                raise event
            yield event

    @serves(CLIENT_CANCEL)
    async def cancel(self, request: CancelGeneration, context: CallContext) -> Empty:
        self.authenticate(request.credential)
        self.cancels.append(request)
        return Empty()

    @serves(CLIENT_EMBED)
    async def embed(self, request: GatewayEmbed, context: CallContext) -> Embeddings:
        self.authenticate(request.credential)
        self.embeds.append(request)
        vectors = tuple((1.0, float(index)) for index, _ in enumerate(request.embed.inputs))
        return Embeddings(model=request.embed.model, vectors=vectors, usage=Usage(prompt_tokens=4))

    @streams(CLIENT_PULL_MODEL)
    async def pull(self, request: GatewayPull, context: CallContext) -> AsyncIterator[registry.PullProgress]:
        self.authenticate(request.credential)
        self.pulls.append(request)
        yield registry.PullProgress(status="downloading", total_bytes=10, completed_bytes=5)
        if self.pull_error is not None:
            raise self.pull_error
        yield registry.PullProgress(status="done")

    @serves(CLIENT_OPERATE)
    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        self.contexts.append(context)
        operation = OPERATIONS_BY_NAME[request.operation]
        if operation.access != "anonymous":
            self.authenticate(request.credential)
        asked = msgspec.msgpack.decode(request.body, type=operation.endpoint.request)
        self.operations.append((request.operation, request.credential, asked))
        if self.operation_error is not None:
            raise self.operation_error
        result = self.results.get(request.operation)
        if result is None:
            result = example(operation.endpoint.response)
        elif not isinstance(result, msgspec.Struct):
            result = result(asked)
        return OperationResult(body=msgspec.msgpack.encode(result))


def example(kind: type[msgspec.Struct]) -> Any:
    """Some valid message of a type: required fields filled with the least that fits."""
    return msgspec.convert(example_fields(kind), kind, strict=False)


def example_fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    info: Any = msgspec.inspect.type_info(kind)
    return {field.encode_name: _example_of(field.type) for field in info.fields if field.required}


def _example_of(info: Any) -> Any:
    match info:
        case msgspec.inspect.StructType():
            return example_fields(info.cls)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return []
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return 1
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case _:
            return "x"


@dataclass
class DirectBinding:
    """A service that nobody calls: it only says that it is there."""

    instance: InstanceId

    async def drain(self, budget_s: float) -> None:
        """There is nothing to wait for."""


class DirectBus:
    """A bus with one service, in this process."""

    def __init__(self, service: Service, instance: InstanceId = CLIENT) -> None:
        self._service = service
        self._instance = instance
        self.present = True
        self.addressed: list[InstanceId | None] = []
        self.before_call: Callable[[], Awaitable[None]] | None = None
        """Awaited before each call, for placing races."""

    async def call(
        self, endpoint: Endpoint[Any, Any], request: Any, context: CallContext, *, to: InstanceId | None = None
    ) -> Any:
        self.addressed.append(to)
        handler = self._handler(endpoint.name)
        if self.before_call is not None:
            await self.before_call()
        return await handler(request, context)

    def call_local(
        self, endpoint: Endpoint[Any, Any], request: Any, context: CallContext, *, to: InstanceId | None = None
    ) -> Coroutine[Any, Any, Any] | None:
        """As when the service is in another process."""
        return None

    def answers_here(self, endpoint: Endpoint[Any, Any]) -> bool:
        return False

    async def stream(
        self, endpoint: StreamEndpoint[Any, Any], request: Any, context: CallContext, *, to: InstanceId | None = None
    ) -> AsyncIterator[Any]:
        self.addressed.append(to)
        items = self._handler(endpoint.name)(request, context)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    async def call_all(
        self, endpoint: Endpoint[Any, Any], request: Any, context: CallContext
    ) -> Sequence[InstanceReply]:
        return [InstanceReply(self._instance, await self.call(endpoint, request, context))]

    async def publish(self, topic: Topic[Any], event: Any) -> None:
        raise PeerUnavailable

    async def subscribe(self, topic: Topic[Any], handler: Callable[[Any], Awaitable[None]]) -> Subscription:
        raise PeerUnavailable

    async def serve(self, service: Service, info: Callable[[], registry.InstanceInfo]) -> Binding:
        return DirectBinding(info().instance)

    def instances(self, service: str) -> Sequence[registry.InstanceInfo]:
        if not self.present or service != self._service.service:
            return ()
        return (registry.InstanceInfo(service=service, instance=self._instance, node=NodeName("node-1")),)

    def _handler(self, name: str) -> Any:
        if not self.present:
            raise PeerUnavailable("nobody serves this")
        _, method = self._service.endpoints[name]
        return getattr(self._service, method)


class Gated:
    """A script that stops before its second piece until it is let go; tells when it got there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.proceed = asyncio.Event()

    async def __call__(self, start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=start.generate.model, node=NodeName("node-1"))
        yield Delta(text="first")
        self.reached.set()
        await self.proceed.wait()
        yield Delta(text=" second")
        yield Finished(reason="stop", usage=Usage(prompt_tokens=1, completion_tokens=2))
