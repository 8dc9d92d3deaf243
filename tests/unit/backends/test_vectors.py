from __future__ import annotations

import math

import pytest

from covey.backends.vectors import unit_vectors
from covey.errors import BackendProtocolError


def test_vectors_are_brought_to_unit_length() -> None:
    assert unit_vectors([[3.0, 4.0], [1.0, 0.0]], 2) == ((0.6, 0.8), (1.0, 0.0))


@pytest.mark.parametrize(
    "vectors", [[], [[1.0]], [[1.0], [1.0, 2.0]], [[0.0], [1.0]], [[math.nan], [1.0]], [[math.inf], [1.0]], [[], []]]
)
def test_vectors_that_cannot_be_right_are_refused(vectors: list[list[float]]) -> None:
    with pytest.raises(BackendProtocolError):
        unit_vectors(vectors, 2)
