"""Keeps ``Idempotency-Key`` promises: the same key and request get the same answer, on any client worker, once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import msgspec
import structlog

from covey.domain.idempotency import IdempotencyRecord
from covey.errors import CoveyError, IdempotencyConflict, KeyExists
from covey.protocol.ids import GenerationId, InstanceId
from covey.store.key_value import KeyValue
from covey.workers.client.config import ClientConfig
from covey.workers.client.metrics import ClientMetrics

log = structlog.get_logger(__name__)
SECRETS_KEPT = 1000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(IdempotencyRecord).decode


class Claim:
    """A key that this worker holds: it does the work, and says so at the end."""

    __slots__ = ("key", "record", "revision", "turn")

    def __init__(self, key: str, record: IdempotencyRecord, revision: int) -> None:
        self.key = key
        self.record = record
        self.revision = revision
        self.turn = asyncio.Lock()
        """One write at a time: each builds on the revision of the one before."""


class IdempotencyKeys:
    """Records in the store, made if absent: of any number of equal requests on any workers one wins."""

    def __init__(self, bucket: KeyValue, instance: InstanceId, config: ClientConfig, metrics: ClientMetrics) -> None:
        self._bucket = bucket
        self._instance = instance
        self._config = config
        self._metrics = metrics
        self._held: dict[str, Claim] = {}
        self._secrets: OrderedDict[str, bytes] = OrderedDict()
        """Answers that must not be stored, for repeats that follow at once."""

    async def claim(
        self, key: str, request_hash: bytes, generation_id: GenerationId | None = None
    ) -> Claim | IdempotencyRecord:
        """The claim when nobody did this before, otherwise what is known of who did.

        Raises IdempotencyConflict when it was another request.
        """
        record = IdempotencyRecord(
            request_hash=request_hash, state="running", instance=self._instance, generation_id=generation_id
        )
        while True:
            try:
                revision = await self._bucket.create(key, _encode(record), ttl_s=self._config.idempotency_lease_s)
            except KeyExists:
                known = await self.look(key, request_hash)
                if known is None:  # it was given up in between
                    continue
                return known
            claim = self._held[key] = Claim(key, record, revision)
            self._metrics.idempotent("new")
            return claim

    async def complete(self, claim: Claim, body: bytes | None, *, secret: bytes | None = None) -> None:
        """It is done; repeats get ``body`` from now on. ``secret`` is an answer that is kept in memory alone."""
        self._held.pop(claim.key, None)
        if secret is not None:
            self._secrets[claim.key] = secret
            if len(self._secrets) > SECRETS_KEPT:
                self._secrets.popitem(last=False)
        if body is not None and len(body) > self._config.idempotency_max_bytes:
            body = None
        done = msgspec.structs.replace(claim.record, state="done", body=body)
        try:
            async with claim.turn:
                claim.revision = await self._bucket.update(
                    claim.key, _encode(done), claim.revision, ttl_s=self._config.idempotency_keep_s
                )
        except CoveyError as error:
            log.warning("idempotency_record_not_completed", code=error.code)

    async def release(self, claim: Claim) -> None:
        """It was not done: the next one may try."""
        self._held.pop(claim.key, None)
        try:
            async with claim.turn:
                await self._bucket.delete(claim.key, revision=claim.revision)
        except CoveyError as error:
            log.warning("idempotency_record_not_released", code=error.code)

    async def look(self, key: str, request_hash: bytes) -> IdempotencyRecord | None:
        """What is known of the key. Raises IdempotencyConflict when it is another request's."""
        entry = await self._bucket.get(key)
        if entry is None:
            return None
        known = _decode(entry.value)
        if known.request_hash != request_hash:
            self._metrics.idempotent("conflict")
            raise IdempotencyConflict("this idempotency key was used with another request")
        return known

    def let_lapse(self, claim: Claim) -> None:
        """Nobody knows whether it was done: the key stays taken until its lease is over."""
        self._held.pop(claim.key, None)

    async def changed(self, key: str) -> None:
        """Return when somebody else's record is done, or gone."""
        watch = await self._bucket.watch(key)
        try:
            current = False
            async for change in watch:
                if change is None:
                    if not current:
                        return
                elif change.kind == "delete" or _decode(change.value).state == "done":
                    return
                else:
                    current = True
        finally:
            await watch.close()

    def answer_of(self, key: str, record: IdempotencyRecord) -> bytes:
        """What was answered. Raises IdempotencyConflict when that was not kept."""
        body = record.body if record.body is not None else self._secrets.get(key)
        if body is None:
            raise IdempotencyConflict("this was done already, and its answer is not kept")
        self._metrics.idempotent("repeated")
        return body

    async def renew(self) -> None:
        """Keep what is held from lapsing."""
        for claim in list(self._held.values()):
            async with claim.turn:
                if claim.key not in self._held:
                    continue
                try:
                    claim.revision = await self._bucket.update(
                        claim.key, _encode(claim.record), claim.revision, ttl_s=self._config.idempotency_lease_s
                    )
                except CoveyError as error:
                    log.warning("idempotency_record_not_renewed", code=error.code)

    async def close(self) -> None:
        """Give up what is held still: the work has ended with this worker."""
        for claim in list(self._held.values()):
            await self.release(claim)
