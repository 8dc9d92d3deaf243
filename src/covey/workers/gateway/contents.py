"""Keeps what was asked and answered, where an operator wants that, and gives it to administrators. Off by default.

Three records per generation, all with the same time to live: the content itself under an id of its own, and two that
are nothing but a key, by which it is found for its request and for its user. A client may use the id of a request
again: what is kept under it is added to, never replaced, and read in bounded portions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256

import msgspec
import structlog

from covey.errors import CoveyError, NotFound
from covey.protocol.contents import AskContent, ContentPolicy, KeptContent, RequestContents
from covey.protocol.ids import RequestId, UserId
from covey.protocol.subjects import BUCKET_CONTENT
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Store, Write
from covey.store.keys import LARGEST_BATCH, SHORTEST_TTL_S
from covey.store.read_copy import ReadCopy
from covey.workers.gateway.config import ContentConfig
from covey.workers.gateway.content_queue import ContentQueue, WaitingContent
from covey.workers.gateway.metrics import GatewayMetrics

_log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(KeptContent).decode
KEYS_EACH = 3
WRITTEN_AT_ONCE = LARGEST_BATCH // KEYS_EACH
MOST_SHOWN = 20
MOST_SHOWN_BYTES = 2_000_000
CLOSING_BUDGET_S = 3.0
_POINTER = b"1"
"""The value of a record that is nothing but a key."""


class Contents:
    def __init__(
        self, config: ContentConfig, store: Store, records: ReadCopy[bytes], clock: Clock, metrics: GatewayMetrics
    ) -> None:
        """``records``: the access records, which tell whose account is gone."""
        self.config = config
        self._store = store
        self._records = records
        self._clock = clock
        self._metrics = metrics
        self._queue = ContentQueue(config.max_waiting_bytes, lambda: metrics.content("dropped"))
        self._gone: set[UserId] = set()
        """Users whose content is still to be deleted."""
        self._failing = False
        records.on_change(self._account_changed)

    def policy(self) -> ContentPolicy:
        return ContentPolicy(kept=True, kept_s=self.config.keep_s) if self.config.keep else ContentPolicy()

    def put(self, content: KeptContent) -> None:
        """Have it kept. Waits for nothing; the store has it a moment later."""
        self._queue.put(
            WaitingContent(
                user_id=content.user_id,
                request_id=content.request_id,
                expires_at=content.expires_at,
                value=_encode(content),
            )
        )

    async def get(self, request: AskContent) -> RequestContents:
        """Raises NotFound, which says why, and StoreUnavailable."""
        if not self.config.keep:
            raise NotFound("the content of requests is not kept here", param="request_id")
        bucket = await self._bucket()
        pointers = await bucket.range(f"request.{_hashed(request.request_id)}")
        newest_first = sorted(pointers, key=lambda entry: entry.revision, reverse=True)
        found: list[KeptContent] = []
        size_bytes = 0
        for pointer in newest_first[:MOST_SHOWN]:
            entry = await bucket.get(f"content.{pointer.key.rpartition('.')[2]}")
            if entry is None:
                continue
            size_bytes += len(entry.value)
            if found and size_bytes > MOST_SHOWN_BYTES:
                break
            found.append(_decode(entry.value))
        if not found:
            raise NotFound(
                "nothing is kept of this request: it was refused, embedded texts, expired, or its account is gone",
                param="request_id",
            )
        return RequestContents(items=tuple(found), more=len(newest_first) - len(found))

    async def flush(self) -> None:
        """Delete what accounts that are gone have left, then write what waits. What cannot be done now is done next
        time. Never raises a named error."""
        if not self._gone and not self._queue:
            return
        try:
            bucket = await self._bucket()
            for user_id in tuple(self._gone):
                await self._forget(bucket, user_id)
                self._gone.discard(user_id)
            while part := self._queue.first(WRITTEN_AT_ONCE):
                await self._write(bucket, part)
                self._queue.done(len(part))
        except CoveyError as error:
            if not self._failing:
                _log.warning("request_content_not_written", code=error.code)
            self._failing = True
        else:
            self._failing = False

    async def close(self) -> None:
        """What was kept until now is written, if that can be done soon."""
        try:
            async with asyncio.timeout(CLOSING_BUDGET_S):
                await self.flush()
        except TimeoutError:
            _log.warning("request_content_incomplete", waiting=len(self._queue))
        if self._queue:
            self._metrics.content("dropped", len(self._queue))

    async def _bucket(self) -> KeyValue:
        """Made at first use. It may be full, and may be lost: neither makes the store unhealthy."""
        return await self._store.bucket(BUCKET_CONTENT, max_bytes=self.config.max_stored_bytes, vital=False)

    async def _write(self, bucket: KeyValue, part: Sequence[WaitingContent]) -> None:
        writes: list[Write] = []
        now = self._clock.now()
        for content in part:
            left_s = content.expires_at - now
            # Written after its account was deleted, nobody would delete it.
            if left_s < SHORTEST_TTL_S or self._records.get(f"user.{content.user_id}") is None:
                continue
            unique, request = mint("cnt"), _hashed(content.request_id)
            for key, value in (
                (f"content.{unique}", content.value),
                (f"request.{request}.{content.user_id}.{unique}", _POINTER),
                (f"user.{content.user_id}.{request}.{unique}", _POINTER),
            ):
                writes.append(Write(key, value, ttl_s=left_s))
        if writes:
            await bucket.batch(writes)
            self._metrics.content("written", len(writes) // KEYS_EACH)

    async def _forget(self, bucket: KeyValue, user_id: UserId) -> None:
        pointers = await bucket.range(f"user.{user_id}")
        for begin in range(0, len(pointers), WRITTEN_AT_ONCE):
            writes: list[Write] = []
            for pointer in pointers[begin : begin + WRITTEN_AT_ONCE]:
                _, _, request, unique = pointer.key.split(".")
                writes.append(Write(f"content.{unique}", None))
                writes.append(Write(f"request.{request}.{user_id}.{unique}", None))
                writes.append(Write(pointer.key, None))
            await bucket.batch(writes)

    def _account_changed(self, record: str, value: bytes | None) -> None:
        kind, _, rest = record.partition(".")
        if kind == "user" and value is None:
            self._gone.add(UserId(rest))


def _hashed(request_id: RequestId) -> str:
    return sha256(request_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
