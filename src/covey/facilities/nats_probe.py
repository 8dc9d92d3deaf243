"""Whether a nats-server is alive, and whether it takes writes: asked from outside, as its users would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import nats
import nats.errors
from nats.aio.client import Client

from covey.domain.mesh_permissions import OPERATOR, PROBE_BUCKET
from covey.errors import StoreUnavailable
from covey.facilities.nats_client import dial

STREAM = f"KV_{PROBE_BUCKET}"
SUBJECT = f"$KV.{PROBE_BUCKET}.last"


class WriteTimedOut(Exception):
    """The server answers but does not write: as it does after its disk was full, until it is started anew."""


class NatsProbe:
    """Probes of one server. Each makes a connection of its own, which shows that others can too."""

    def __init__(
        self,
        url: str,
        monitor_port: int,
        operator_seed: str,
        *,
        timeout_s: float = 2.0,
        tls: Mapping[str, Any] | None = None,
    ) -> None:
        self._url = url
        self._monitor_port = monitor_port
        self._seed = operator_seed
        self._timeout_s = timeout_s
        self._tls = dict(tls or {})

    async def health_status(self) -> int:
        """The status of the health page: 200, or 503 with something wrong. Raises OSError when nobody answers."""
        async with asyncio.timeout(self._timeout_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._monitor_port)
            try:
                writer.write(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                line = await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        try:
            return int(line.split()[1])
        except (IndexError, ValueError) as error:
            raise OSError("the health page gave no status") from error

    async def wait_healthy(self, interval_s: float = 0.02) -> None:
        """Returns when the health page is content; the caller sets the time limit."""
        while True:
            with suppress(OSError, TimeoutError):
                if await self.health_status() == 200:
                    return
            await asyncio.sleep(interval_s)

    async def prepare(self) -> None:
        """Make the stream that is written to. Raises StoreUnavailable."""
        async with self._connection() as client:
            await self._ask(
                client,
                f"$JS.API.STREAM.CREATE.{STREAM}",
                msgspec.json.encode(
                    {
                        "name": STREAM,
                        "subjects": [f"$KV.{PROBE_BUCKET}.>"],
                        "max_msgs_per_subject": 1,
                        "storage": "file",
                    }
                ),
            )

    async def write(self) -> None:
        """One durable write. Raises StoreUnavailable when it is refused, WriteTimedOut when nothing answers, and
        OSError or TimeoutError when not even a connection can be made."""
        async with self._connection() as client:
            await self._ask(client, SUBJECT, b"")

    async def _ask(self, client: Client, subject: str, payload: bytes) -> None:
        try:
            reply = await client.request(subject, payload, timeout=self._timeout_s)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            raise WriteTimedOut from error
        except nats.errors.Error as error:
            raise ConnectionError("the connection to the nats-server broke") from error
        answer: dict[str, Any] = msgspec.json.decode(reply.data)
        if "error" in answer:
            raise StoreUnavailable("the store refuses writes")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Client]:
        try:
            async with asyncio.timeout(self._timeout_s):
                client = await dial(
                    [self._url],
                    name="covey probe",
                    nkeys_seed_str=self._seed,
                    inbox_prefix=f"_INBOX_{OPERATOR}.probe".encode(),
                    allow_reconnect=False,
                    error_cb=_say_nothing,
                    **self._tls,
                )
        except nats.errors.Error as error:
            raise ConnectionError("no connection to the nats-server") from error
        try:
            yield client
        finally:
            await client.let_go()


async def _say_nothing(_: Exception) -> None:
    """What goes wrong is raised to the caller; the library's default would print it as well."""
