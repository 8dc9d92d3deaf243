"""Minting of ids: sortable by creation, never reused, safe in subjects, file names and logs."""

from __future__ import annotations

import os
import secrets
import time

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
"""Crockford-like base 32 in ASCII order, so that ids sort by time."""


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS = {length: range(5 * (length - 2), -1, -10) for length in (6, 10, 14)}


def _encode(number: int, length: int) -> str:
    """``length`` digits, an even number of them; two at a time, because an id is minted for every request."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS[length]])


_numbers: list[int] = []
"""Random numbers of 72 bits that were not used yet: asking the system for one costs more than the rest of an id."""
os.register_at_fork(after_in_child=_numbers.clear)


def _random_number() -> int:
    try:
        return _numbers.pop()
    except IndexError:
        pool = secrets.token_bytes(9 * 256)
        _numbers.extend(int.from_bytes(pool[begin : begin + 9], "big") for begin in range(9, len(pool), 9))
        return int.from_bytes(pool[:9], "big")


def mint(prefix: str) -> str:
    """``<prefix>_`` and 24 characters: 50 bits of milliseconds and 70 random bits."""
    return f"{prefix}_{_encode(int(time.time() * 1000), 10)}{_encode(_random_number(), 14)}"


def mint_instance(service: str, scope: str | None = None) -> str:
    """A new instance id of ``service``; with ``scope`` for a worker whose mesh identity is limited to that scope."""
    unique = f"{service}-{_encode(int(time.time() * 1000), 10)}{_encode(secrets.randbits(30), 6)}"
    return unique if scope is None else f"{unique}__{scope}"
