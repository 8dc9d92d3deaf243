"""Content on its way to the store: so many bytes may wait, and what is beyond is dropped and counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from covey.protocol.ids import RequestId, UserId

PART_BYTES = 1_000_000
"""About how much is written at once."""


class WaitingContent(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UserId
    request_id: RequestId
    expires_at: float
    value: bytes


class ContentQueue:
    def __init__(self, max_bytes: int, dropped: Callable[[], None]) -> None:
        self._max_bytes = max_bytes
        self._dropped = dropped
        self._waiting: deque[WaitingContent] = deque()
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, content: WaitingContent) -> None:
        if self._size_bytes + len(content.value) > self._max_bytes:
            self._dropped()
            return
        self._waiting.append(content)
        self._size_bytes += len(content.value)

    def first(self, most: int) -> Sequence[WaitingContent]:
        """The oldest ones, which stay until they are :meth:`done`."""
        found: list[WaitingContent] = []
        size = 0
        for content in self._waiting:
            size += len(content.value)
            if found and (size > PART_BYTES or len(found) == most):
                break
            found.append(content)
        return found

    def done(self, count: int) -> None:
        """The oldest ``count`` wait no more."""
        for _ in range(count):
            self._size_bytes -= len(self._waiting.popleft().value)
