"""The engine's end of the socket to a child: frames out, frames in, and who waits for which work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import msgspec
import structlog

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.messages import MessageFromChild, MessageToChild

log = structlog.get_logger(__name__)


class Channel:
    """One socket pair. ``receive`` gets every message that arrives, in order, in the event loop; it must not block."""

    def __init__(self, receive: Callable[[MessageFromChild], None]) -> None:
        self._receive = receive
        self._near, self._far = socket.socketpair()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def child_descriptor(self) -> int:
        """The file descriptor that the child has to inherit."""
        return self._far.fileno()

    async def open(self) -> None:
        """Begin to listen. The child has its copy of the other end by now; ours is closed, so that its death shows."""
        self._far.close()
        reader, self._writer = await asyncio.open_connection(sock=self._near)
        self._reading = asyncio.create_task(self._read_all(reader), name="llamacpp channel")  # ended by close

    def send(self, message: MessageToChild) -> None:
        """Nothing is sent on a channel that is closed: whoever waits is told by the end of the child."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(messages.frame([message]))

    async def close(self) -> None:
        """Safe twice, and before ``open``."""
        self._far.close()
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        if self._writer is None:
            self._near.close()
            return
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            log.debug("channel_closed_by_child")

    async def _read_all(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = messages.LENGTH.unpack(await reader.readexactly(messages.LENGTH.size))
                if length > messages.LONGEST_FRAME_BYTES:
                    log.error("child_frame_too_long", size_bytes=length)
                    return
                for message in messages.from_child_decoder.decode(await reader.readexactly(length)):
                    self._receive(message)
        except (asyncio.IncompleteReadError, OSError):
            log.debug("channel_ended")
        except msgspec.DecodeError:
            log.exception("child_frame_not_understood")
