"""Minting of ids: sortable by creation, never reused, safe in subjects, file names and logs."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
"""Crockford-like base 32 in ASCII order, so that ids sort by time."""


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def _encode(number: int, length: int) -> str:
    """``length`` digits, an even number of them; two at a time, because an id is minted for every request."""
    digits = []
    for _ in range(length // 2):
        digits.append(_PAIRS[number & 1023])
        number >>= 10
    digits.reverse()
    return "".join(digits)


def mint(prefix: str) -> str:
    """``<prefix>_`` and 24 characters: 48 bits of milliseconds and 72 random bits."""
    return f"{prefix}_{_encode(int(time.time() * 1000), 10)}{_encode(secrets.randbits(70), 14)}"


def mint_instance(service: str, scope: str | None = None) -> str:
    """A new instance id of ``service``; with ``scope`` for a worker whose mesh identity is limited to that scope."""
    unique = f"{service}-{_encode(int(time.time() * 1000), 10)}{_encode(secrets.randbits(30), 6)}"
    return unique if scope is None else f"{unique}__{scope}"
