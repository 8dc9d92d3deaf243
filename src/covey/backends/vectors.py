"""Embedding vectors as they come from an engine: checked, and brought to unit length."""

from __future__ import annotations

import math
from collections.abc import Sequence

from covey.errors import BackendProtocolError


def unit_vectors(vectors: Sequence[Sequence[float]], expected: int) -> tuple[tuple[float, ...], ...]:
    """Raises BackendProtocolError unless there are ``expected`` vectors of one length, with a direction each."""
    if len(vectors) != expected or not vectors or len({len(vector) for vector in vectors}) != 1:
        raise BackendProtocolError("the engine sent other vectors than it was asked for")
    return tuple(map(_unit, vectors))


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    length = math.hypot(*vector)
    if not (math.isfinite(length) and length > 0):
        raise BackendProtocolError("the engine sent a vector without a direction")
    if abs(length - 1.0) < 1e-6:
        return tuple(vector)
    return tuple(value / length for value in vector)
