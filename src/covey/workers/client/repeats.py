"""Requests with an ``Idempotency-Key``: done once, answered as often as they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from weakref import WeakValueDictionary

import msgspec

from covey.domain.answer import compacted
from covey.domain.idempotency import SECRET_ANSWERS, record_key, request_body, request_hash
from covey.errors import CoveyError, NotFound
from covey.protocol.auth import Identity
from covey.protocol.ids import GenerationId
from covey.protocol.inference import Failed, GenerationAccepted, GenerationEvent, StartGeneration
from covey.protocol.operations import Operate, OperationResult
from covey.workers.client.generations import KeptGenerations, Source
from covey.workers.client.idempotency import Claim, IdempotencyKeys
from covey.workers.client.kept_generation import KeptGeneration
from covey.workers.client.metrics import ClientMetrics

_encode = msgspec.msgpack.Encoder().encode
_events = msgspec.msgpack.Decoder(tuple[GenerationEvent, ...]).decode
_accepted = msgspec.msgpack.Decoder(GenerationAccepted).decode


class Repeats:
    """On one worker equal requests share the running generation; on several the later ones wait for its answer."""

    def __init__(self, keys: IdempotencyKeys, kept: KeptGenerations, metrics: ClientMetrics) -> None:
        self._keys = keys
        self._kept = kept
        self._metrics = metrics
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def generate(
        self, request: StartGeneration, identity: Identity, key: str, source: Source
    ) -> AsyncGenerator[GenerationEvent, None]:
        """The events of the one generation. It is cancelled, and the key free again, when its last reader leaves
        before its end."""
        where, wanted = record_key(identity.user_id, key), _hash_of("generate", request)
        while True:
            async with self._lock(where):
                generation = await self._begin_or_find(request, identity, source, where, wanted)
            if generation is not None:
                async with aclosing(followed(generation)) as events:
                    async for event in events:
                        yield event
                return
            body = await self._answer(where, wanted)
            if body is not None:
                for event in _events(body):
                    yield event
                return

    async def start(
        self,
        request: StartGeneration,
        identity: Identity,
        key: str,
        begin: Callable[[], Awaitable[GenerationAccepted]],
    ) -> GenerationAccepted:
        """The same detached generation for the same key."""
        body = await self._once(
            record_key(identity.user_id, key), _hash_of("start", request), self._encoded(begin), stored=True
        )
        return _accepted(body)

    async def operate(
        self, request: Operate, identity: Identity, key: str, work: Callable[[], Awaitable[OperationResult]]
    ) -> OperationResult:
        """The same answer for the same key. One that carries a secret is repeated only for a while, by this worker."""

        async def run() -> bytes:
            return (await work()).body

        body = await self._once(
            record_key(identity.user_id, key),
            request_hash(request.operation, request.body),
            run,
            stored=request.operation not in SECRET_ANSWERS,
        )
        return OperationResult(body=body)

    async def _once(self, where: str, wanted: bytes, run: Callable[[], Awaitable[bytes]], *, stored: bool) -> bytes:
        while True:
            claim = await self._keys.claim(where, wanted)
            if isinstance(claim, Claim):
                return await self._carry_out(claim, run, stored=stored)
            if claim.state == "done":
                return self._keys.answer_of(where, claim)
            self._metrics.idempotent("joined")
            await self._keys.changed(where)

    async def _carry_out(self, claim: Claim, run: Callable[[], Awaitable[bytes]], *, stored: bool) -> bytes:
        try:
            body = await run()
        except CoveyError:
            await self._keys.release(claim)
            raise
        except BaseException:  # raised again; whether it was done is not known, so the key stays taken until it lapses
            self._keys.let_lapse(claim)
            raise
        await self._keys.complete(claim, body if stored else None, secret=None if stored else body)
        return body

    def _encoded(self, begin: Callable[[], Awaitable[GenerationAccepted]]) -> Callable[[], Awaitable[bytes]]:
        async def run() -> bytes:
            return _encode(await begin())

        return run

    async def _begin_or_find(
        self, request: StartGeneration, identity: Identity, source: Source, where: str, wanted: bytes
    ) -> KeptGeneration | None:
        """A new generation, or the one that this worker has; None when it is another worker's, or long over."""
        new_id = self._kept.new_id()
        claim = await self._keys.claim(where, wanted, new_id)
        if not isinstance(claim, Claim):
            found = None if claim.generation_id is None else self._find(claim.generation_id, identity)
            if found is not None:
                self._metrics.idempotent("joined")
            return found

        async def ended(generation: KeptGeneration) -> None:
            if generation.progress.outcome != "finished":
                await self._keys.release(claim)
                return
            events = generation.log.after(-1, generation.log.length) if generation.log.whole else None
            await self._keys.complete(claim, None if events is None else _encode(compacted(events)))

        try:
            return self._kept.start(request, identity, source, tied=True, new_id=new_id, ended=ended)
        except BaseException:  # raised again: the key is free for the next try
            await self._keys.release(claim)
            raise

    def _find(self, generation_id: GenerationId, identity: Identity) -> KeptGeneration | None:
        try:
            return self._kept.find(generation_id, identity)
        except NotFound:
            return None

    async def _answer(self, where: str, wanted: bytes) -> bytes | None:
        """What another worker, or this one long ago, answered; None when the key came free meanwhile."""
        known = await self._keys.look(where, wanted)
        if known is None:
            return None
        if known.state == "done":
            return self._keys.answer_of(where, known)
        await self._keys.changed(where)
        return None

    def _lock(self, where: str) -> asyncio.Lock:
        lock = self._locks.get(where)
        if lock is None:
            lock = self._locks[where] = asyncio.Lock()
        return lock


async def followed(generation: KeptGeneration) -> AsyncGenerator[GenerationEvent, None]:
    """Its events from the first on; a failure before anything else is raised instead."""
    async with aclosing(generation.follow(-1)) as events:
        async for event in events:
            if type(event) is Failed and generation.log.length == 1 and generation.error is not None:
                raise generation.error
            yield event


def _hash_of(kind: str, request: StartGeneration) -> bytes:
    """The credential does not belong to it: a key of the same user may be renewed between two tries."""
    return request_hash(kind, request_body(msgspec.structs.replace(request, credential="")))
