"""The generations that this client worker keeps: running ones, and ended ones for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from covey.domain.generation_ids import generation_id
from covey.errors import NotFound, Overloaded, QuotaExceeded
from covey.protocol.auth import Identity
from covey.protocol.ids import GenerationId, InstanceId, MessageId
from covey.protocol.inference import GenerationEvent, StartGeneration
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.workers.client.config import ClientConfig
from covey.workers.client.kept_generation import KeptGeneration
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.progress import Progress

Source = Callable[[Progress, GenerationId], AsyncGenerator[GenerationEvent, None]]


async def _nothing(_: KeptGeneration) -> None:
    return


class KeptGenerations:
    """Bounded in number and in bytes. Only its owner can tell that a generation exists."""

    def __init__(self, instance: InstanceId, config: ClientConfig, clock: Clock, metrics: ClientMetrics) -> None:
        self.instance = instance
        self._config = config
        self._clock = clock
        self._metrics = metrics
        self._kept: dict[GenerationId, KeptGeneration] = {}
        """In the order of their beginnings."""
        self._reserved: set[GenerationId] = set()
        self._closing = False

    @property
    def running(self) -> int:
        return sum(1 for generation in self._kept.values() if generation.running)

    @property
    def size_bytes(self) -> int:
        return sum(generation.log.size_bytes for generation in self._kept.values())

    def new_id(self) -> GenerationId:
        return generation_id(self.instance, mint("gen").partition("_")[2])

    def start(
        self,
        request: StartGeneration,
        identity: Identity,
        source: Source,
        *,
        tied: bool = False,
        new_id: GenerationId | None = None,
        answer_id: MessageId | None = None,
        ended: Callable[[KeptGeneration], Awaitable[None]] = _nothing,
    ) -> KeptGeneration:
        """Begin one. Raises QuotaExceeded when the user has too many running, Overloaded when there is no room."""
        self.check_room(identity)
        progress = Progress(self._clock, request.generate.model)
        generation = KeptGeneration(
            new_id or self.new_id(),
            identity.user_id,
            progress,
            max_bytes=self._config.generation_max_bytes,
            tied=tied,
            conversation_id=request.conversation_id,
            answer_id=answer_id,
        )
        self._kept[generation.id] = generation
        self._reserved.discard(generation.id)

        async def over(ended_one: KeptGeneration) -> None:
            progress.report(self._metrics, "tied" if tied else "detached")
            await ended(ended_one)

        generation.start(source(progress, generation.id), over)
        return generation

    def check_room(self, identity: Identity) -> None:
        """Raises QuotaExceeded when the user has too many running, Overloaded when there is no room."""
        self.sweep()
        own = [each for each in self._kept.values() if each.owner == identity.user_id and each.running]
        if len(own) >= self._config.max_running_per_user:
            raise QuotaExceeded("too many generations are running for this account", retry_after_s=5.0)
        if self.size_bytes > self._config.generations_max_bytes:
            raise Overloaded("too many generations are kept at the moment", retry_after_s=5.0)

    def reserve(self, identity: Identity) -> GenerationId:
        """The id of a generation that is about to start. Raises as ``check_room`` does."""
        self.check_room(identity)
        new_id = self.new_id()
        self._reserved.add(new_id)
        return new_id

    def give_back(self, new_id: GenerationId) -> None:
        """It does not start after all."""
        self._reserved.discard(new_id)

    def runs(self, generation_id: GenerationId) -> bool:
        """Whether it is one of these, or about to be one, and has not ended."""
        generation = self._kept.get(generation_id)
        return generation_id in self._reserved or (generation is not None and generation.running)

    def find(self, wanted: str, identity: Identity) -> KeptGeneration:
        """Raises NotFound, also for what is somebody else's."""
        generation = self._kept.get(GenerationId(wanted))
        if generation is None or generation.owner != identity.user_id:
            raise NotFound("there is no such generation", param="generation_id")
        return generation

    def of(self, identity: Identity) -> list[KeptGeneration]:
        """Newest first."""
        self.sweep()
        return [each for each in reversed(self._kept.values()) if each.owner == identity.user_id]

    def sweep(self) -> None:
        """Forget what ended long ago, and more when there is too much."""
        now = self._clock.monotonic()
        size_bytes, counts = self.size_bytes, dict[str, int]()
        for generation in self._kept.values():
            counts[generation.owner] = counts.get(generation.owner, 0) + 1
        for generation in list(self._kept.values()):
            if generation.running:
                continue
            ended_at = generation.progress.ended_at or now
            crowded = counts[generation.owner] > self._config.max_kept_per_user
            if (
                now - ended_at >= self._config.generation_keep_s
                or size_bytes > self._config.generations_max_bytes
                or crowded
            ):
                size_bytes -= generation.log.size_bytes
                counts[generation.owner] -= 1
                del self._kept[generation.id]

    async def until_idle(self, budget_s: float) -> None:
        """Wait up to ``budget_s`` seconds for what runs."""
        running = [generation for generation in self._kept.values() if generation.running]
        if not running or budget_s <= 0:
            return
        try:
            async with asyncio.timeout(budget_s):
                await asyncio.gather(*(generation.join() for generation in running))
        except TimeoutError:
            return

    async def close(self) -> None:
        """Cancel what runs, and return when it has ended."""
        for generation in self._kept.values():
            generation.cancel()
        for generation in list(self._kept.values()):
            await generation.join()
