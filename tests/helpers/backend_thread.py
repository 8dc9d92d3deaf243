"""A fake backend in a thread of its own, for tests without an event loop whose node is another process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from covey.testing.fake_backend import Behaviour, FakeBackend, fake_backend


@contextmanager
def running_backend(behaviour: Behaviour | None = None) -> Iterator[FakeBackend]:
    """A server on loopback. Its ``behaviour`` may be replaced at any time, and counts for later requests."""
    ready = threading.Event()
    found: list[FakeBackend] = []
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        end = asyncio.Event()
        async with fake_backend(behaviour) as backend:
            found.append(backend)
            ends.append((asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        for loop, end in ends:
            loop.call_soon_threadsafe(end.set)
        thread.join(10)
