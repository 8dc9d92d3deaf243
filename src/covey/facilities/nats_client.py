"""The client library, made to outlast what other clients of the server can make it read.

Three of its habits let anybody who may publish to a worker end, or silence, that worker's connection with one message:
it takes any white space for the end of a subject, though the server takes blanks for that alone; an error in decoding a
message ends its reading; and it reads headers of any size, line by line.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client
from nats.protocol import parser

_log = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 2.0

HEADERS_BYTES = 16 * 1024
"""Longest headers that are looked at. Ours take a few hundred bytes, the store's as many."""

# The library's own, but for what separates: a subject may hold every other kind of white space.
parser.MSG_RE = re.compile(rb"\AMSG ([^ \r\n]+) (\d+) (([^ \r\n]+) )?(\d+)\r\n")
parser.HMSG_RE = re.compile(rb"\AHMSG ([^ \r\n]+) (\d+) (([^ \r\n]+) )?(\d+) (\d+)\r\n")


class UnreadableMessage(nats.errors.Error):
    """What arrived is no message that a worker would send."""

    def __str__(self) -> str:
        return "a message that cannot be read was dropped"


class NatsClient(Client):
    """The library's client. What it cannot read is dropped and told to ``error_cb``."""

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        if headers and len(headers) > HEADERS_BYTES:
            await self._error_cb(UnreadableMessage())
            return
        try:
            await super()._process_msg(sid, subject, reply, data, headers)
        except (ValueError, IndexError):  # no UTF-8; an empty header block
            await self._error_cb(UnreadableMessage())

    async def _process_pong(self) -> None:
        """As the library's, but a flush whose caller gave up does not end the connection when its answer comes."""
        if self._pongs and self._pongs[0].done():
            self._pongs[0] = asyncio.get_running_loop().create_future()  # nobody waits for it
        await super()._process_pong()

    def abort(self) -> None:
        """Drop the connection without waiting for its peer. The library has no public way to do it."""
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            with contextlib.suppress(AttributeError):  # Python 3.11's TLS has nothing left to abort once it is closed
                writer.transport.abort()

    async def let_go(self) -> None:
        """Close without waiting for a peer that does not answer."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.close()
        except (TimeoutError, OSError, nats.errors.Error) as error:
            _log.warning("connection_not_closed", error=type(error).__name__)
        finally:
            self.abort()  # a refused connection is left open by the library


async def dial(urls: Sequence[str], **options: Any) -> NatsClient:
    """A connected client; ``options`` are the library's. What fails or is cancelled leaves no socket open, as the
    library's own attempts do."""
    client = NatsClient()
    try:
        await client.connect(list(urls), **options)
    except BaseException:
        client.abort()
        client._transport = None  # closing it would wait for the peer, for which there may be no time
        await client.let_go()
        raise
    return client
