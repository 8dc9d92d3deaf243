"""The engine's end of the socket to a child: frames out, frames in, and who waits for which work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import msgspec
import structlog

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.messages import MessageFromChild, MessageToChild

log = structlog.get_logger(__name__)


class Frames(asyncio.Protocol):
    """Cuts what arrives into frames and hands their messages on, without a task that would have to be woken."""

    def __init__(self, receive: Callable[[MessageFromChild], None]) -> None:
        self._receive = receive
        self._rest = bytearray()
        self._transport: asyncio.Transport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= messages.LENGTH.size:
            (length,) = messages.LENGTH.unpack_from(self._rest)
            end = messages.LENGTH.size + length
            if length > messages.LONGEST_FRAME_BYTES:
                self._give_up("child_frame_too_long")
                return
            if len(self._rest) < end:
                return
            body = bytes(self._rest[messages.LENGTH.size : end])
            del self._rest[:end]
            try:
                found = messages.from_child_decoder.decode(body)
            except msgspec.DecodeError:
                self._give_up("child_frame_not_understood")
                return
            for message in found:
                self._receive(message)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _give_up(self, event: str) -> None:
        """A child that cannot be understood answers no heartbeat either, and is replaced for that."""
        log.error(event)
        if self._transport is not None:
            self._transport.abort()


class Channel:
    """One socket pair. ``receive`` gets every message that arrives, in order, in the event loop; it must not block."""

    def __init__(self, receive: Callable[[MessageFromChild], None]) -> None:
        self._receive = receive
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._transport: asyncio.Transport | None = None
        self._frames: Frames | None = None

    @property
    def child_descriptor(self) -> int:
        """The file descriptor that the child has to inherit."""
        return self._far.fileno()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def open(self) -> None:
        """Begin to listen. The child has its copy of the other end by now; ours is closed, so that its death shows."""
        self._far.close()
        loop = asyncio.get_running_loop()
        self._transport, self._frames = await loop.create_connection(lambda: Frames(self._receive), sock=self._near)

    def send(self, message: MessageToChild) -> None:
        """Nothing is sent on a channel that is closed: whoever waits is told by the end of the child."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(messages.frame([message]))

    async def close(self) -> None:
        """Safe twice, and before ``open``."""
        self._far.close()
        if self._transport is None or self._frames is None:
            self._near.close()
            return
        # Not a graceful close: a frozen child reads nothing, so what is still to be sent would be waited for in vain.
        self._transport.abort()
        await asyncio.wait([self._frames.closed])
