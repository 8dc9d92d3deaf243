"""Who hears which event, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

BACKLOG = 4096
"""Events a slow listener may lag behind; further ones are dropped and the drop is logged."""


class Listener:
    """One handler of one topic: its events wait in a queue and are handled one at a time, in order."""

    def __init__(
        self, topic: str, handler: Callable[[Any], Awaitable[None]], forget: Callable[[Listener], None]
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._forget = forget
        self._events: asyncio.Queue[Any] = asyncio.Queue(BACKLOG)
        self._dropped = 0
        self._task = asyncio.create_task(self._handle())  # cancelled and awaited in close

    def hear(self, event: Any) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self._dropped += 1
            if self._dropped == 1:
                _log.error("events_dropped", topic=self.topic)

    async def _handle(self) -> None:
        while True:
            event = await self._events.get()
            try:
                await self._handler(event)
            except Exception:  # reported here: nobody waits for an event to be handled
                _log.exception("event_handler_failed", topic=self.topic)
            if self._events.empty() and self._dropped:
                _log.error("events_caught_up", topic=self.topic, dropped=self._dropped)
                self._dropped = 0

    async def close(self) -> None:
        """Stop listening. Safe twice, and from inside the handler."""
        self._forget(self)
        self._task.cancel()
        if self._task is not asyncio.current_task():
            await asyncio.gather(self._task, return_exceptions=True)


class Listeners:
    """The listeners of this process, by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Listener]] = {}

    def add(self, topic: str, handler: Callable[[Any], Awaitable[None]]) -> Listener:
        listener = Listener(topic, handler, self._remove)
        self._by_topic.setdefault(topic, []).append(listener)
        return listener

    def _remove(self, listener: Listener) -> None:
        listeners = self._by_topic.get(listener.topic, [])
        if listener in listeners:
            listeners.remove(listener)

    def count(self, topic: str) -> int:
        return len(self._by_topic.get(topic, ()))

    def tell(self, topic: str, event: Any) -> None:
        for listener in self._by_topic.get(topic, ()):
            listener.hear(event)

    async def close(self) -> None:
        for listeners in list(self._by_topic.values()):
            for listener in list(listeners):
                await listener.close()
