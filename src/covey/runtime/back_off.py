"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable


class BackOff:
    """Delays that double from ``initial_s`` to ``maximum_s``, each shortened by up to half so that many waiters spread
    out."""

    def __init__(
        self,
        *,
        initial_s: float = 0.5,
        maximum_s: float = 30.0,
        random_fraction: Callable[[], float] = random.random,
    ) -> None:
        self._initial_s = initial_s
        self._maximum_s = maximum_s
        self._random_fraction = random_fraction
        self.attempts = 0
        """Delays handed out since the last reset."""

    def next_delay_s(self) -> float:
        # The exponent is capped so that a count of thousands does not overflow a float.
        full_s = min(self._maximum_s, self._initial_s * 2.0 ** min(self.attempts, 64))
        self.attempts += 1
        return full_s * (1.0 - self._random_fraction() / 2.0)

    def reset(self) -> None:
        self.attempts = 0
