"""C7 to C9: clients that send slowly, read slowly, or leave."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from covey.protocol.inference import Delta, Finished, GenerationEvent, Queued, Started, StartGeneration
from covey.testing.eventually import eventually
from tests.helpers.bridges import AUTHORIZATION, running_bridge
from tests.helpers.client_worker import Gated
from tests.helpers.http import RawConnection, request

CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
STREAM = CHAT[:-1] + b',"stream":true}'


def chat(body: bytes = STREAM) -> bytes:
    return request("POST", "/v1/chat/completions", AUTHORIZATION, body, close=False)


async def test_c7_headers_that_do_not_end_are_closed_at_the_deadline() -> None:
    async with running_bridge(header_timeout_s=0.2) as bridge, RawConnection(bridge.port) as connection:
        await connection.send(b"GET /livez HTTP/1.1\r\nHost: local")
        answer = await connection.read_to_end()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert bridge.sample("covey_bridge_connections_refused_total", reason="slow_headers") == 1


async def test_c7_a_trickle_does_not_extend_the_deadline() -> None:
    async with running_bridge(header_timeout_s=0.5) as bridge, RawConnection(bridge.port) as connection:

        async def trickle() -> None:
            with suppress(ConnectionError):
                while True:
                    await connection.send(b"X")
                    await asyncio.sleep(0.05)

        await connection.send(b"GET /livez HTTP/1.1\r\nX: ")
        sender = asyncio.create_task(trickle())
        answer = await connection.read_to_end()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_c7_silent_and_idle_connections_are_closed() -> None:
    async with running_bridge(header_timeout_s=0.2, keep_alive_timeout_s=0.2) as bridge:
        async with RawConnection(bridge.port) as silent:
            assert await silent.read_to_end() == b""
        async with RawConnection(bridge.port) as idle:
            await idle.send(request("GET", "/livez", close=False))
            assert (await idle.read_response()).status == 200
            assert await idle.read_to_end() == b""


async def test_c7_a_body_that_does_not_end_is_closed_at_its_deadline() -> None:
    async with running_bridge(body_timeout_s=0.2) as bridge, RawConnection(bridge.port) as connection:
        await connection.send(chat()[:-10])
        answer = await connection.read_to_end()
        assert answer.startswith(b"HTTP/1.1 408 ")
        await eventually(lambda: bridge.bridge.application.in_flight == 0)
        assert bridge.worker.starts == []


@pytest.mark.parametrize(
    "headers",
    [
        b"A: " + b"x" * 40_000 + b"\r\n\r\n",
        b"".join(b"H%d: x\r\n" % n for n in range(200)) + b"\r\n",
        b"A: " + b"x" * 90_000,
    ],
    ids=["long", "many", "endless"],
)
async def test_c7_headers_that_are_too_large_are_refused(headers: bytes) -> None:
    async with running_bridge() as bridge, RawConnection(bridge.port) as connection:
        await connection.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + headers)
        assert (await connection.read_to_end()).startswith(b"HTTP/1.1 431 ")


async def test_c7_connections_beyond_the_limit_are_refused_and_others_served() -> None:
    async with running_bridge(max_connections=2) as bridge:
        async with RawConnection(bridge.port) as first, RawConnection(bridge.port):
            async with RawConnection(bridge.port) as third:
                assert (await third.read_to_end()).startswith(b"HTTP/1.1 503 ")
            await first.send(request("GET", "/livez"))
            assert (await first.read_response()).status == 200


async def test_c8_a_client_that_never_reads_is_cancelled_and_buffers_stay_small() -> None:
    sent = 0

    async def endless(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        nonlocal sent
        yield Started(model=start.generate.model)
        while True:
            sent += 1000
            yield Delta(text="x" * 1000)
            await asyncio.sleep(0)

    async with running_bridge(slow_client_timeout_s=0.3) as bridge:
        bridge.worker.script = endless
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", bridge.port))
            client.sendall(chat())
            await eventually(lambda: bridge.worker.closed == 1, timeout_s=10.0)
        assert sent < 1_500_000  # 128 KiB here, the rest in the two kernels' buffers
        assert bridge.sample("covey_bridge_slow_clients_total") == 1
        await eventually(lambda: bridge.bridge.application.in_flight == 0)
        labels = {"route": "/v1/chat/completions", "method": "POST", "status": "200", "outcome": "slow_client"}
        assert bridge.sample("covey_bridge_requests_total", **labels) == 1


async def phase_before_started(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Queued(position=3, estimated_wait_s=9.0)
    await asyncio.Event().wait()


async def phase_started(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Started(model=start.generate.model)
    await asyncio.Event().wait()


async def phase_streaming(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Started(model=start.generate.model)
    yield Delta(text="a")
    await asyncio.Event().wait()


async def phase_last(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Started(model=start.generate.model)
    yield Delta(text="a")
    await asyncio.Event().wait()
    yield Finished(reason="stop")


PHASES = [phase_before_started, phase_started, phase_streaming, phase_last]


@pytest.mark.parametrize("how", ["reset", "close", "half_close"])
@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
async def test_c9_a_client_that_leaves_stops_its_generation(phase: object, body: bytes, how: str) -> None:
    async with running_bridge() as bridge:
        bridge.worker.script = phase  # type: ignore[assignment]
        with socket.socket() as client:
            client.connect(("127.0.0.1", bridge.port))
            client.sendall(chat(body))
            await eventually(lambda: len(bridge.worker.starts) == 1)
            leave(client, how)
            await eventually(lambda: bridge.worker.closed == 1, timeout_s=1.0)
        await eventually(lambda: bridge.bridge.application.in_flight == 0)


def leave(client: socket.socket, how: str) -> None:
    if how == "half_close":
        client.shutdown(socket.SHUT_WR)
        return
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def test_c9_a_client_that_leaves_before_its_body_is_complete_starts_nothing() -> None:
    async with running_bridge() as bridge:
        async with RawConnection(bridge.port) as connection:
            await connection.send(chat()[:-10])
            await eventually(lambda: bridge.bridge.application.in_flight == 1)
        await eventually(lambda: bridge.bridge.application.in_flight == 0)
        assert bridge.worker.starts == []


async def test_a_change_of_state_is_carried_out_although_its_client_left() -> None:
    async with running_bridge() as bridge:
        gate = Gate()
        bridge.bus.before_call = gate.wait
        async with RawConnection(bridge.port) as connection:
            await connection.send(request("DELETE", "/covey/v1/keys/key_1", AUTHORIZATION, close=False))
            await asyncio.wait_for(gate.reached.wait(), 5.0)
        await eventually(lambda: bridge.sample("covey_bridge_connections") == 0)
        gate.proceed.set()
        await eventually(lambda: [name for name, _, _ in bridge.worker.operations] == ["keys.revoke"])


class Gate:
    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.proceed = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.proceed.wait()


async def test_draining_ends_streams_with_an_error_instead_of_silence() -> None:
    async with running_bridge() as bridge:
        gate = Gated()
        bridge.worker.script = gate
        async with RawConnection(bridge.port) as connection:
            await connection.send(chat())
            await asyncio.wait_for(gate.reached.wait(), 5.0)
            await bridge.bridge.stop()
            answer = await connection.read_to_end()
        assert b'"code":"draining"' in answer
        assert b"[DONE]" not in answer
        assert answer.endswith(b"0\r\n\r\n")
        assert bridge.worker.closed == 1


async def test_draining_waits_for_answers_that_finish_in_time() -> None:
    async with running_bridge() as bridge:
        gate = Gated()
        bridge.worker.script = gate
        async with RawConnection(bridge.port) as connection:
            await connection.send(chat())
            await asyncio.wait_for(gate.reached.wait(), 5.0)
            stopping = asyncio.create_task(bridge.bridge.drain(10.0))
            gate.proceed.set()
            await stopping
            assert (await connection.read_to_end()).endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
