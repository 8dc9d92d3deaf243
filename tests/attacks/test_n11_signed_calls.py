"""Row N11: a forged identity, on a server that lets everybody say everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest

from covey.errors import Forbidden
from covey.facilities.mesh_identities import new_seed, public_key_of, signing_key_of, verifying_key_of
from covey.protocol import subjects
from covey.protocol.auth import ALL_SCOPES, Identity
from covey.protocol.endpoint import Endpoint, Message, StreamEndpoint
from covey.protocol.ids import InstanceId, NodeName, RequestId, UserId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.node import RpcNode
from covey.rpc.service import Service, serves, streams
from covey.rpc.signing import CallSignatures
from covey.testing.eventually import eventually
from covey.testing.memory_carrier import MemoryHub, MemoryMessage

INSTANCE = InstanceId("processor-one")
KIM = Identity(user_id=UserId("usr_kim"), username="kim", role="member", scopes=("inference",))
FORGED = Identity(user_id=UserId("usr_forged"), username="forged", role="admin", scopes=ALL_SCOPES)
GATEWAY, CLIENT, PROCESSOR = new_seed(), new_seed(), new_seed()


class Ask(Message, frozen=True, kw_only=True):
    text: str = ""


class Say(Message, frozen=True, kw_only=True):
    text: str = ""


ECHO = Endpoint("processor.echo", Ask, Say)
COUNT: StreamEndpoint[Ask, Say] = StreamEndpoint("processor.count", Ask, Say)


class Echo(Service):
    service = "processor"

    def __init__(self) -> None:
        self.heard: list[tuple[str, Identity | None]] = []

    @serves(ECHO)
    async def echo(self, request: Ask, context: CallContext) -> Say:
        self.heard.append((request.text, context.identity))
        return Say(text=request.text[:10])

    @streams(COUNT)
    async def count(self, request: Ask, context: CallContext) -> AsyncGenerator[Say, None]:
        self.heard.append((request.text, context.identity))
        yield Say(text=request.text[:10])

    def info(self) -> InstanceInfo:
        return InstanceInfo(service="processor", instance=INSTANCE, node=NodeName("box"))


def signatures(seed: str | None, *, believed: bool = False) -> CallSignatures:
    gateway = public_key_of(GATEWAY, "gateway")
    callers = {"processor": {gateway: verifying_key_of(gateway)}} if believed else None
    if seed is None:
        return CallSignatures(callers=callers)
    return CallSignatures(signing_key_of(seed), public_key_of(seed, "node"), callers)


class Mesh:
    """A processor that believes one gateway, and whoever else a test adds, on a hub without any permissions."""

    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.service = Echo()
        self.stack = AsyncExitStack()

    async def node(self, prefix: str, signs: CallSignatures) -> RpcNode:
        node = RpcNode(self.hub.carrier(prefix), signatures=signs)
        self.stack.push_async_callback(node.stop)
        await node.start()
        return node

    def questions(self) -> list[MemoryMessage]:
        return [message for message in self.hub.carried if message.subject.startswith("rpc")]

    async def send_again(self, message: MemoryMessage) -> None:
        """The hub's own delivery, as anybody on the mesh could publish it."""
        self.hub.deliver(message)
        await asyncio.sleep(0)
        await self.hub.settle()


@asynccontextmanager
async def running_mesh() -> AsyncIterator[Mesh]:
    mesh = Mesh()
    async with mesh.stack:
        processor = await mesh.node("_INBOX_processor.processor-one", signatures(PROCESSOR, believed=True))
        await processor.serve(mesh.service, mesh.service.info)
        yield mesh


def context(identity: Identity = KIM) -> CallContext:
    deadline = asyncio.get_running_loop().time() + 10.0
    return CallContext(request_id=RequestId("req_1"), deadline=deadline, identity=identity)


@pytest.mark.parametrize("text", ["hello", "x" * 3_000_000])
async def test_n11_what_the_gateway_signed_is_answered(text: str) -> None:
    async with running_mesh() as mesh:
        gateway = await mesh.node("_INBOX_gateway.gateway-1", signatures(GATEWAY))
        assert (await gateway.call(ECHO, Ask(text=text), context(), to=INSTANCE)).text == text[:10]
        assert (await gateway.call(ECHO, Ask(text=text), context())).text == text[:10]
        assert [item.text async for item in gateway.stream(COUNT, Ask(text=text), context(), to=INSTANCE)] == [
            text[:10]
        ]
        assert mesh.service.heard == [(text, KIM)] * 3


@pytest.mark.parametrize("seed", [CLIENT, PROCESSOR, None])
async def test_n11_nobody_else_can_speak_for_somebody(seed: str | None) -> None:
    async with running_mesh() as mesh:
        captured = await mesh.node("_INBOX_gateway.gateway-1", signatures(seed))
        with pytest.raises(Forbidden):
            await captured.call(ECHO, Ask(text="x"), context(FORGED), to=INSTANCE)
        with pytest.raises(Forbidden):
            await anext(captured.stream(COUNT, Ask(text="x"), context(FORGED)))
        with pytest.raises(Forbidden):
            await captured.call(ECHO, Ask(text="x" * 3_000_000), context(FORGED), to=INSTANCE)
        assert mesh.service.heard == []


def with_header(message: MemoryMessage, name: str, value: str) -> MemoryMessage:
    return MemoryMessage(message.subject, message.payload, {**message.headers, name: value}, message.reply)


OTHER_BODY = msgspec.msgpack.encode(Ask(text="other"))
FORGED_HEADER = msgspec.json.encode(FORGED).decode()
CHANGES: dict[str, Callable[[MemoryMessage], MemoryMessage]] = {
    "body": lambda each: MemoryMessage(each.subject, OTHER_BODY, each.headers, each.reply),
    "identity": lambda each: with_header(each, subjects.HEADER_IDENTITY, FORGED_HEADER),
    "no identity": lambda each: MemoryMessage(each.subject, each.payload, without_identity(each), each.reply),
    "deadline": lambda each: with_header(each, subjects.HEADER_DEADLINE_MS, "999999"),
    "time": lambda each: with_header(each, subjects.HEADER_SENT_MS, "1"),
    "request": lambda each: with_header(each, subjects.HEADER_REQUEST_ID, "req_2"),
    "address": lambda each: with_header(each, subjects.HEADER_CLIENT_ADDRESS, "192.0.2.1"),
    "digest": lambda each: with_header(each, subjects.HEADER_DIGEST, "0" * 64),
    "key": lambda each: with_header(
        each, subjects.HEADER_SIGNATURE, f"{public_key_of(CLIENT, 'client')}.{signature_in(each)}"
    ),
    "no signature": lambda each: with_header(each, subjects.HEADER_SIGNATURE, f"{key_in(each)}."),
    "nonsense": lambda each: with_header(each, subjects.HEADER_SIGNATURE, f"{key_in(each)}.?"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_n11_a_question_that_was_altered_on_its_way_is_refused(what: str) -> None:
    def tamper(message: MemoryMessage) -> list[MemoryMessage]:
        return [CHANGES[what](message) if message.subject.startswith("rpc") else message]

    async with running_mesh() as mesh:
        gateway = await mesh.node("_INBOX_gateway.gateway-1", signatures(GATEWAY))
        mesh.hub.tamper = tamper
        with pytest.raises(Forbidden):
            await gateway.call(ECHO, Ask(text="hello"), context(), to=INSTANCE)
        assert mesh.service.heard == []
        mesh.hub.tamper = None
        assert (await gateway.call(ECHO, Ask(text="hello"), context(), to=INSTANCE)).text == "hello"


def signature_in(message: MemoryMessage) -> str:
    return message.headers[subjects.HEADER_SIGNATURE].partition(".")[2]


def key_in(message: MemoryMessage) -> str:
    return message.headers[subjects.HEADER_SIGNATURE].partition(".")[0]


def without_identity(message: MemoryMessage) -> dict[str, str]:
    return {name: value for name, value in message.headers.items() if name != subjects.HEADER_IDENTITY}


async def test_n11_a_recorded_question_does_nothing_more_anywhere() -> None:
    async with running_mesh() as mesh:
        gateway = await mesh.node("_INBOX_gateway.gateway-1", signatures(GATEWAY))
        await gateway.call(ECHO, Ask(text="hello"), context(), to=INSTANCE)
        recorded = mesh.questions()[-1]
        await mesh.send_again(recorded)  # seen before
        prefix, _, token = recorded.reply.rpartition(".")
        elsewhere = [
            MemoryMessage(recorded.subject, recorded.payload, recorded.headers, f"{prefix}.{token[:-1]}f"),
            MemoryMessage("rpc.processor.echo", recorded.payload, recorded.headers, recorded.reply),
            MemoryMessage(
                subjects.rpc_to("processor.count", INSTANCE), recorded.payload, recorded.headers, recorded.reply
            ),
        ]
        for message in elsewhere:
            await mesh.send_again(message)
        await gateway.call(ECHO, Ask(text="after"), context(), to=INSTANCE)  # nothing of it used up a number either
        await eventually(lambda: [text for text, _ in mesh.service.heard] == ["hello", "after"])
