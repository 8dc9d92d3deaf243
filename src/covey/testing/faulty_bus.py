"""Faults of a network, placed exactly: the n-th message of a kind is lost, doubled, late, or overtaken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from covey.testing.memory_carrier import MemoryCarrier, MemoryHub, MemoryMessage

Deed = Callable[[MemoryMessage], list[MemoryMessage]]


class FaultyBus:
    """Puts faults into a :class:`MemoryHub`. Messages are counted from 1, per rule, among those whose subject begins
    with the rule's prefix: ``rpc.`` are requests, ``ctl.`` what readers say, ``_INBOX`` answers and stream frames."""

    def __init__(self, hub: MemoryHub) -> None:
        self._hub = hub
        self._rules: list[tuple[str, Callable[[int], bool], Deed]] = []
        self._counts: list[int] = []
        self.struck = 0
        """How many messages met a fault."""
        hub.tamper = self._tamper

    def drop(self, prefix: str, number: int, *, and_all_after: bool = False) -> None:
        self._add(prefix, number, and_all_after, lambda _: [])

    def duplicate(self, prefix: str, number: int) -> None:
        self._add(prefix, number, False, lambda message: [message, message])

    def delay(self, prefix: str, number: int, seconds: float) -> None:
        """Deliver it later; what follows overtakes it."""

        def later(message: MemoryMessage) -> list[MemoryMessage]:
            asyncio.get_running_loop().call_later(seconds, self._hub.deliver, message)
            return []

        self._add(prefix, number, False, later)

    def reorder(self, prefix: str, number: int) -> None:
        """Swap it with the next one of its kind."""
        held: list[MemoryMessage] = []

        def hold(message: MemoryMessage) -> list[MemoryMessage]:
            held.append(message)
            return []

        def release(message: MemoryMessage) -> list[MemoryMessage]:
            return [message, *held]

        self._add(prefix, number, False, hold)
        self._add(prefix, number + 1, False, release)

    def disconnect(self, prefix: str, number: int, carrier: MemoryCarrier) -> None:
        """Cut ``carrier`` off just before this message would pass."""

        def cut(message: MemoryMessage) -> list[MemoryMessage]:
            carrier.disconnect()
            return []

        self._add(prefix, number, False, cut)

    def _add(self, prefix: str, number: int, and_all_after: bool, deed: Deed) -> None:
        self._rules.append((prefix, number.__le__ if and_all_after else number.__eq__, deed))
        self._counts.append(0)

    def _tamper(self, message: MemoryMessage) -> list[MemoryMessage]:
        struck: Deed | None = None
        for index, (prefix, hits, deed) in enumerate(self._rules):
            if message.subject.startswith(prefix):
                self._counts[index] += 1
                if hits(self._counts[index]) and struck is None:
                    struck = deed
        if struck is None:
            return [message]
        self.struck += 1
        return struck(message)
