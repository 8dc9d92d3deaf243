"""C10 and C11: who may open a WebSocket, and what it takes of one that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from covey.protocol.inference import GenerationEvent, Started, StartGeneration
from covey.testing.eventually import eventually
from tests.helpers.bridges import RunningBridge, running_bridge
from tests.helpers.client_worker import GENERATION, KEY, Gated
from tests.helpers.http import RawConnection
from tests.helpers.websockets import Socket, open_socket

GENERATE = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge(allowed_origins=("https://chat.example",)) as running:
        yield running


async def status_of(bridge: RunningBridge, path: str = "/covey/v1/ws", **headers: str) -> int:
    sent = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
    async with RawConnection(bridge.port) as connection:
        await connection.send(head.encode("latin-1"))
        return int((await connection.read_until(b"\r\n")).split(b" ")[1])


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://chat.example.evil.com",
        "https://sub.chat.example",
        "https://chat.example:444",
        "http://chat.example",
        "HTTPS://CHAT.EXAMPLE",
        "http://localhost.evil.example",
        "https://localhost",
        "http://localhost@evil.example",
        "",
    ],
)
async def test_c10_pages_of_other_origins_are_refused_before_the_handshake(bridge: RunningBridge, origin: str) -> None:
    assert await status_of(bridge, Origin=origin) == 403


async def test_c10_own_pages_configured_pages_and_programs_may_connect(bridge: RunningBridge) -> None:
    assert await status_of(bridge, Origin="http://localhost") == 101
    assert await status_of(bridge, Origin="http://localhost:8080", Host="localhost:8080") == 101
    assert await status_of(bridge, Origin="https://chat.example") == 101
    assert await status_of(bridge) == 101


async def test_c10_other_hosts_and_paths_are_refused(bridge: RunningBridge) -> None:
    assert await status_of(bridge, Host="evil.example") == 421
    assert await status_of(bridge, path="/ws") == 404
    assert await status_of(bridge, path="/covey/v1/../v1/ws") == 400
    assert await status_of(bridge, Upgrade="h2c") == 400


async def test_c10_a_subprotocol_that_is_not_ascii_does_no_harm(bridge: RunningBridge) -> None:
    assert await status_of(bridge, Sec_WebSocket_Protocol="café") in (101, 400)
    assert await status_of(bridge) == 101


async def test_c11_a_socket_that_says_nothing_is_closed() -> None:
    async with running_bridge(websocket={"hello_timeout_s": 0.1}) as bridge, open_socket(bridge) as connection:
        assert await Socket(connection).close_code() == 1008


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"ping"}',
        '{"type":"start","id":"1","generate":{}}',
        "no json",
        '{"type":"hello"}',
        '{"type":"hello","credential":"sk-wrong"}',
        '{"type":"hello","credential":"sk-covey-test","scopes":["admin"]}',
        '{"type":"hello","credential":"sk-covey-test","role":"admin"}',
    ],
)
async def test_c11_without_a_good_hello_the_socket_is_closed(bridge: RunningBridge, first: str) -> None:
    async with open_socket(bridge) as connection:
        await connection.send(first)
        assert await Socket(connection).close_code() == 1008
    assert bridge.worker.starts == []


async def test_c11_a_credential_in_the_query_or_a_header_is_no_hello(bridge: RunningBridge) -> None:
    async with open_socket(bridge, additional_headers={"Authorization": f"Bearer {KEY}"}) as connection:
        await Socket(connection).say(type="ping")
        assert await Socket(connection).close_code() == 1008


async def test_c11_frames_that_are_too_big_binary_or_broken_close_the_socket(bridge: RunningBridge) -> None:
    async with open_socket(bridge) as connection:
        await Socket(connection).greet()
        await connection.send("x" * 1_048_577)
        assert await Socket(connection).close_code() == 1009
    async with open_socket(bridge) as connection:
        await Socket(connection).greet()
        await connection.send(b"binary")
        assert await Socket(connection).close_code() == 1003
    async with open_socket(bridge) as connection:
        await Socket(connection).greet()
        connection.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
        assert await Socket(connection).close_code() == 1007


async def test_c11_a_message_of_countless_fragments_closes_the_socket(bridge: RunningBridge) -> None:
    async with open_socket(bridge) as connection:
        await Socket(connection).greet()
        connection.transport.write(Frame(Opcode.TEXT, b"{", fin=False).serialize(mask=True))
        for _ in range(2000):
            connection.transport.write(Frame(Opcode.CONT, b"x", fin=False).serialize(mask=True))
        assert await Socket(connection).close_code() == 1009


async def test_c11_pings_without_reading_do_not_fill_memory() -> None:
    async with running_bridge(slow_client_timeout_s=0.3) as bridge, open_socket(bridge) as connection:
        await Socket(connection).greet()
        connection.transport.pause_reading()
        ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
        for _ in range(100):
            if connection.transport.is_closing():
                break
            connection.transport.write(ping * 1000)
            await asyncio.sleep(0)
        await eventually(lambda: bridge.sample("covey_bridge_slow_clients_total") == 1, timeout_s=10.0)
        connection.transport.abort()


async def test_c11_unknown_fields_and_kinds_are_errors_and_the_socket_lives(bridge: RunningBridge) -> None:
    async with open_socket(bridge) as connection:
        socket = Socket(connection)
        assert (await socket.greet())["type"] == "welcome"
        for text in ('{"type":"nonsense"}', '{"type":"ping","x":1}', "[]", "[" * 50_000):
            await connection.send(text)
            assert (await socket.hear())["type"] == "error"
        await socket.say(type="start", id="1", generate=GENERATE | {"base_url": "http://evil"})
        refused = await socket.hear()
        assert (refused["id"], refused["error"]["code"]) == ("1", "unknown_field")
        await socket.say(type="ping", id="still here")
        assert await socket.hear() == {"type": "pong", "id": "still here"}


async def test_c11_requests_at_once_are_limited_and_ids_are_unique() -> None:
    async def waits(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=start.generate.model)
        await asyncio.Event().wait()

    async with running_bridge(websocket={"max_requests": 2}) as bridge, open_socket(bridge) as connection:
        bridge.worker.script = waits
        socket = Socket(connection)
        await socket.greet()
        for number in ("a", "b"):
            await socket.say(type="start", id=number, generate=GENERATE)
            await socket.hear_until("event")
        await socket.say(type="start", id="a", generate=GENERATE)
        assert (await socket.hear())["error"]["code"] == "invalid_request"
        await socket.say(type="start", id="c", generate=GENERATE)
        assert (await socket.hear())["error"]["code"] == "overloaded"
        await socket.say(type="unfollow", id="a")
        assert await socket.hear() == {"type": "end", "id": "a"}
        await socket.say(type="start", id="c", generate=GENERATE)
        assert (await socket.hear())["type"] == "accepted"


async def test_c11_sockets_beyond_the_limit_are_refused() -> None:
    async with running_bridge(websocket={"max_sockets": 1}) as bridge, open_socket(bridge) as connection:
        await Socket(connection).greet()
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(bridge):
                pass
        assert refused.value.response.status_code == 503


async def test_a_generation_is_started_followed_resumed_and_cancelled(bridge: RunningBridge) -> None:
    gate = Gated()
    bridge.worker.script = gate
    async with open_socket(bridge) as connection:
        socket = Socket(connection)
        await socket.greet()
        await socket.say(type="start", id="1", generate=GENERATE, idempotency_key="once")
        accepted = await socket.hear()
        assert (accepted["type"], accepted["id"], accepted["generation_id"]) == ("accepted", "1", GENERATION)
        started, first = await socket.hear(), await socket.hear()
        assert (started["seq"], started["event"]["type"]) == (0, "started")
        assert (first["seq"], first["event"]["text"]) == (1, "first")
    assert bridge.worker.starts[0].detached
    assert "once" in [context.idempotency_key for context in bridge.worker.contexts]
    gate.proceed.set()
    async with open_socket(bridge) as connection:
        socket = Socket(connection)
        await socket.greet()
        await socket.say(type="follow", id="2", generation_id=GENERATION, after=1)
        frames = await socket.hear_until("end")
        assert [frame["seq"] for frame in frames[:-1]] == [2, 3]
        assert frames[1]["event"]["usage"]["completion_tokens"] == 2
        await socket.say(type="cancel", id="3", generation_id=GENERATION)
        assert (await socket.hear())["type"] == "cancelled"
        await socket.say(type="follow", id="4", generation_id="../etc")
        assert (await socket.hear())["error"]["code"] == "not_found"
    assert bridge.worker.cancels[0].generation_id == GENERATION


async def test_a_second_hello_renews_the_credential_of_the_same_account_only(bridge: RunningBridge) -> None:
    async with open_socket(bridge) as connection:
        socket = Socket(connection)
        await socket.greet()
        assert (await socket.greet())["type"] == "welcome"
        await socket.say(type="hello", credential="sk-wrong")
        assert (await socket.hear())["error"]["code"] == "unauthenticated"
        assert await socket.close_code() == 1008


async def test_draining_tells_sockets_to_go_away(bridge: RunningBridge) -> None:
    async with open_socket(bridge) as connection:
        await Socket(connection).greet()
        stopping = asyncio.create_task(bridge.bridge.stop())
        assert await Socket(connection).close_code() == 1001
        await stopping
