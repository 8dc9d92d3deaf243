"""What happens to people's conversations, told to whoever of them watches, on any worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

import structlog

from covey.domain.generation_ids import owner_of
from covey.errors import CoveyError
from covey.protocol.conversations import (
    CLIENT_WATCH,
    ConversationChanged,
    RunningGeneration,
    WatchEvent,
    Watching,
    conversation_topic,
)
from covey.protocol.ids import ConversationId, GenerationId, InstanceId, UserId
from covey.rpc.bus import Bus

log = structlog.get_logger(__name__)
BACKLOG = 1000
"""Changes that one who reads slowly may lag behind; of further ones only that they were missed is told."""
RECHECK_S = 1.0
"""How often a credential is looked at again while changes come."""
SILENCE_S = 20.0
"""How long nothing is said while nothing happens; then the credential is looked at, too."""


class Changes:
    """At most once: nothing here waits for anybody, and the store has the truth."""

    def __init__(self, bus: Bus, instance: InstanceId, runs_here: Callable[[GenerationId], bool]) -> None:
        self._bus = bus
        self._instance = instance
        self._runs_here = runs_here

    def is_running(self, generation_id: GenerationId) -> bool:
        """Whether it may still run: by this worker's own knowledge, or because its worker is there."""
        if owner_of(generation_id, (self._instance,)) is not None:
            return self._runs_here(generation_id)
        instances = [info.instance for info in self._bus.instances(CLIENT_WATCH.service)]
        return owner_of(generation_id, instances) is not None

    def alive(self, running: Iterable[RunningGeneration]) -> tuple[RunningGeneration, ...]:
        """Those that may still run: what a worker that was killed left behind has ended with it."""
        return tuple(each for each in running if self.is_running(each.generation_id))

    async def tell(self, user_id: UserId, change: ConversationChanged) -> None:
        """Raises nothing: who does not hear it reads it later."""
        try:
            await self._bus.publish(conversation_topic(user_id), change)
        except CoveyError as error:
            log.warning("change_not_told", code=error.code)

    async def watch(
        self, user_id: UserId, conversation_id: ConversationId | None, recheck: Callable[[], Awaitable[None]]
    ) -> AsyncGenerator[WatchEvent, None]:
        """``Watching``, then every change, with signs of life between them. ``recheck`` is awaited again and again;
        what it raises ends the watch."""
        heard: asyncio.Queue[ConversationChanged] = asyncio.Queue(BACKLOG)
        missed = False

        async def hear(change: ConversationChanged) -> None:
            nonlocal missed
            if conversation_id is not None and change.conversation_id not in (conversation_id, ""):
                return
            if heard.full():
                missed = True
            else:
                heard.put_nowait(change)

        subscription = await self._bus.subscribe(conversation_topic(user_id), hear)
        loop = asyncio.get_running_loop()
        try:
            yield Watching()
            checked_at = loop.time()
            while True:
                change = await _next(heard, SILENCE_S)
                if change is None or loop.time() - checked_at >= RECHECK_S:
                    await recheck()
                    checked_at = loop.time()
                if change is not None:
                    yield change
                if heard.empty() and (missed or change is None):
                    yield Watching(fresh=missed)
                    missed = False
        finally:
            await subscription.close()


async def _next(heard: asyncio.Queue[ConversationChanged], patience_s: float) -> ConversationChanged | None:
    """The next change; None after that long without any."""
    try:
        async with asyncio.timeout(patience_s):
            return await heard.get()
    except TimeoutError:
        return None
