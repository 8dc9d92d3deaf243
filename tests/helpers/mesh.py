"""A hardened nats-server with its identities, and connections as any role: for tests of who may do what."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import nkeys
from nats.aio.client import Client
from nats.aio.msg import Msg

from covey.domain.mesh_permissions import BUCKETS, LOGS
from covey.facilities.nats_configuration import NatsServerConfig
from covey.facilities.nats_server import NatsServer

QUICK = NatsServerConfig(probe_interval_s=0.1, probe_timeout_s=1.0, stop_timeout_s=5.0)


class Connection:
    """One role's connection, with what the server complained about."""

    def __init__(self, client: Client, complaints: list[str]) -> None:
        self.client = client
        self.complaints = complaints
        self.heard: list[Msg] = []

    async def may_publish(self, subject: str, payload: bytes = b"?") -> bool:
        await self.client.publish(subject, payload)
        return await self._was_fine()

    async def may_subscribe(self, subject: str, queue: str = "") -> bool:
        async def keep(message: Msg) -> None:
            self.heard.append(message)

        subscription = await self.client.subscribe(subject, queue=queue, cb=keep)
        fine = await self._was_fine()
        if not fine:
            await subscription.unsubscribe()
        return fine

    async def settle(self) -> None:
        """Everything sent before this has been handled by the server, and answers to it have arrived."""
        # Twice: the library writes the first ping before what it still holds back.
        for _ in range(2):
            await self.client.flush(timeout=5)

    async def api(self, verb: str, body: dict[str, Any] | None = None, timeout_s: float = 5.0) -> dict[str, Any]:
        reply = await self.client.request(f"$JS.API.{verb}", json.dumps(body or {}).encode(), timeout=timeout_s)
        answer: dict[str, Any] = json.loads(reply.data)
        return answer

    async def _was_fine(self) -> bool:
        await self.settle()
        fine = not self.complaints
        self.complaints.clear()
        return fine


class Mesh:
    """The server, and a connection per role."""

    def __init__(self, server: NatsServer, stack: AsyncExitStack) -> None:
        self.server = server
        self._stack = stack

    async def connect(self, role: str, *, seed: str | None = None, instance: str | None = None) -> Connection:
        complaints: list[str] = []

        async def complain(error: Exception) -> None:
            complaints.append(str(error))

        client = await nats.connect(
            self.server.url,
            nkeys_seed_str=seed or self.server.identities.seed(role),
            inbox_prefix=f"_INBOX_{role}.{instance or role + '-1'}".encode(),
            allow_reconnect=False,
            error_cb=complain,
        )
        self._stack.push_async_callback(client.close)
        return Connection(client, complaints)

    async def make_streams(self) -> None:
        """All buckets and logs, as bare streams with one record each."""
        operator = await self.connect("operator")
        for name, subject in streams():
            config = {"name": name, "subjects": [f"{subject}.>"], "storage": "memory", "allow_rollup_hdrs": True}
            answer = await operator.api(f"STREAM.CREATE.{name}", config)
            assert "error" not in answer, answer
            await operator.client.request(f"{subject}.first", f"of {name}".encode(), timeout=5)


def streams() -> list[tuple[str, str]]:
    """Name and root subject of every stream."""
    return [(f"KV_{bucket}", f"$KV.{bucket}") for bucket in BUCKETS] + [(f"LOG_{log}", f"log.{log}") for log in LOGS]


async def greeting_of(port: int, seed: str | None, **fields: str) -> bytes:
    """What the server answers to a connection with this identity: ``PONG`` or an error. Spoken by hand, because the
    client library leaves the sockets of refused connections open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        nonce = json.loads((await reader.readline()).removeprefix(b"INFO "))["nonce"]
        connect = {"verbose": False, "lang": "test", "version": "1", **fields}
        if seed is not None:
            pair = nkeys.from_seed(bytearray(seed.encode()))
            signature = base64.urlsafe_b64encode(pair.sign(nonce.encode())).rstrip(b"=").decode()
            connect |= {"nkey": pair.public_key.decode(), "sig": signature}
        writer.write(b"CONNECT " + json.dumps(connect).encode() + b"\r\nPING\r\n")
        return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def running_mesh(data: Path, config: NatsServerConfig = QUICK, **options: Any) -> AsyncIterator[Mesh]:
    server = NatsServer(config, data / "mesh", **options)
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        async with AsyncExitStack() as connections:
            yield Mesh(server, connections)
