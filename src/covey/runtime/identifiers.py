"""Minting of ids: sortable by creation, never reused, safe in subjects, file names and logs.

Ids of one process sort strictly in the order they were minted in, however many are minted within a millisecond, in
whatever threads, and also while the machine's clock is set back. Ids of different processes sort by their clocks.
"""

from __future__ import annotations

import os
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
"""Crockford-like base 32 in ASCII order, so that ids sort by time."""


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def _encode(number: int) -> str:
    """50 bits as ten digits; two at a time and in one expression, because an id is minted for every request."""
    pairs = _PAIRS
    return (
        f"{pairs[number >> 40 & 1023]}{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}"
        f"{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    )


_DIGIT_OF_BYTE = (_ALPHABET * 8).encode("ascii")
_TAIL_LENGTH = 14
_tails: list[str] = []
"""Random ends of ids that were not used yet: asking the system for one costs more than the rest of an id."""
os.register_at_fork(after_in_child=_tails.clear)


def _random_tail() -> str:
    try:
        return _tails.pop()
    except IndexError:
        digits = secrets.token_bytes(_TAIL_LENGTH * 256).translate(_DIGIT_OF_BYTE).decode("ascii")
        tails = [digits[begin : begin + _TAIL_LENGTH] for begin in range(0, len(digits), _TAIL_LENGTH)]
        tail = tails.pop()
        _tails.extend(tails)
        return tail


_NANOSECONDS_PER_TICK_BITS = 12
"""A tick is 4096 ns: 50 bits of them last until the year 2116, and nothing mints more than one id in each for long."""


class _Ticks:
    """Ticks since 1970, each given out once and later ones always larger."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            now = time.time_ns() >> _NANOSECONDS_PER_TICK_BITS
            self._last = now if now > self._last else self._last + 1
            return self._last

    def renew_lock(self) -> None:
        """In a forked child, where the thread that held the lock does not exist."""
        self._lock = threading.Lock()


_ticks = _Ticks()
os.register_at_fork(after_in_child=_ticks.renew_lock)


def mint(prefix: str) -> str:
    """``<prefix>_`` and 24 characters: 50 bits of time, larger in each id of this process, and 70 random bits."""
    return f"{prefix}_{_encode(_ticks.next())}{_random_tail()}"


def mint_instance(service: str, scope: str | None = None) -> str:
    """A new instance id of ``service``; with ``scope`` for a worker whose mesh identity is limited to that scope."""
    unique = f"{service}-{_encode(_ticks.next())}{_encode(secrets.randbits(30))[4:]}"
    return unique if scope is None else f"{unique}__{scope}"
