"""The sending end of a stream to another process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from covey.errors import CoveyError, PayloadTooLarge, PeerUnavailable
from covey.protocol.ids import InstanceId, RequestId
from covey.rpc.carrier import Carrier
from covey.rpc.serving import unnamed
from covey.rpc.stream_reader import SIGN_INTERVAL_S, WINDOW_BYTES, WINDOW_ITEMS
from covey.rpc.wire import Control, StreamFrame, encoder, error_reply

FRAME_BYTES = 65_536
"""A frame is sent when it has grown to this, or when no further item is ready at once, whichever comes first."""
FRAME_OVERHEAD_BYTES = 512
READER_SILENT_S = 5.0
"""After this long without a sign of the reader the work is stopped."""


class StreamSender:
    """Packs items that are ready at the same moment into one frame, and stops when the reader has granted no more."""

    def __init__(self, carrier: Carrier, reply: str, instance: InstanceId, now: float) -> None:
        self._carrier = carrier
        self._reply = reply
        self._instance = instance
        self._batch: list[msgspec.Raw] = []
        self._batch_bytes = 0
        self._items = 0
        self._bytes = 0
        self._sequence = 0
        self._granted_items = WINDOW_ITEMS
        self._granted_bytes = WINDOW_BYTES
        self._credit: asyncio.Future[None] | None = None
        self._failure: CoveyError | None = None
        self._heard_at = now
        self._sent_at = now
        self._introduced = False
        self._task: asyncio.Task[Any] | None = None

    async def send(
        self, stream: AsyncGenerator[Any, None], endpoint_name: str, request_id: RequestId | None = None
    ) -> None:
        """Send all of it, and how it ended. Returns when the stream is closed."""
        self._task = asyncio.current_task()
        failure: CoveyError | None = None
        try:
            async with aclosing(stream):
                await self._pump(stream)
        except CoveyError as error:
            failure = error
        except Exception as error:  # logged by unnamed: an item that cannot be encoded
            failure = unnamed(endpoint_name, error, request_id)
        self._task = None
        try:
            self._flush()
            self._publish([], ended=True, failure=failure)
        except PeerUnavailable:
            return  # the reader notices the silence

    async def _pump(self, stream: AsyncGenerator[Any, None]) -> None:
        loop = asyncio.get_running_loop()
        limit_bytes = self._carrier.max_payload_bytes - FRAME_OVERHEAD_BYTES
        async for item in stream:
            body = encoder.encode(item)
            size_bytes = len(body)
            if size_bytes > limit_bytes:
                raise PayloadTooLarge("a part of the answer does not fit the mesh")
            if self._batch_bytes + size_bytes > limit_bytes:
                self._flush()
            if not self._batch:
                # Runs when this task next waits: what is ready until then goes along, and nothing waits longer.
                loop.call_soon(self._flush_in_callback)
            self._batch.append(msgspec.Raw(body))
            self._batch_bytes += size_bytes
            self._items += 1
            self._bytes += size_bytes
            if self._batch_bytes >= FRAME_BYTES:
                self._flush()
            if self._items >= self._granted_items or self._bytes >= self._granted_bytes:
                self._flush()
                await self._until_granted(loop)
            if self._failure is not None:
                raise self._failure

    async def _until_granted(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._failure is None and (self._items >= self._granted_items or self._bytes >= self._granted_bytes):
            self._credit = loop.create_future()
            try:
                await self._credit
            finally:
                self._credit = None

    def _flush_in_callback(self) -> None:
        try:
            self._flush()
        except CoveyError as error:
            self.stop(error)

    def _flush(self) -> None:
        if self._batch:
            batch, self._batch, self._batch_bytes = self._batch, [], 0
            self._publish(batch)

    def _publish(self, items: list[msgspec.Raw], *, ended: bool = False, failure: CoveyError | None = None) -> None:
        frame = StreamFrame(
            self._sequence,
            items,
            "" if self._introduced and items else self._instance,
            ended,
            None if failure is None else error_reply(failure),
        )
        self._introduced = True
        self._sequence += len(items)
        self._sent_at = asyncio.get_running_loop().time()
        self._carrier.publish(self._reply, encoder.encode(frame))

    def hear(self, control: Control, now: float) -> None:
        """The reader said something: it lives, and may have granted more."""
        self._heard_at = now
        if control.cancel:
            self._give_up()
            return
        self._granted_items = max(self._granted_items, control.items)
        self._granted_bytes = max(self._granted_bytes, control.size_bytes)
        self._wake_up()

    def stop(self, failure: CoveyError) -> None:
        """End with ``failure`` as soon as the work lets go of its present item."""
        self._failure = self._failure or failure
        self._wake_up()
        if isinstance(failure, PeerUnavailable):
            self._give_up()

    def beat(self, now: float, lag_s: float) -> None:
        """Called several times a second. ``lag_s`` is how long this process itself was held up."""
        self._heard_at += lag_s
        if now - self._heard_at >= READER_SILENT_S:
            self._give_up()
        elif now - self._sent_at >= SIGN_INTERVAL_S:
            try:
                self._publish([])
            except PeerUnavailable as error:
                self.stop(error)

    def _give_up(self) -> None:
        """Nobody reads any more: stop the work at once."""
        if self._task is not None:
            self._task.cancel()

    def _wake_up(self) -> None:
        if self._credit is not None and not self._credit.done():
            self._credit.set_result(None)
