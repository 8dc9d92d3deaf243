"""Requests that an engine died of: after the second time, such a request is not tried again."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 1024
PATIENCE = 2


class Suspicion:
    """Counts by request id, the oldest forgotten first."""

    def __init__(self, *, remembered: int = REMEMBERED, patience: int = PATIENCE) -> None:
        self._deaths: OrderedDict[str, int] = OrderedDict()
        self._remembered = remembered
        self._patience = patience

    def engine_died(self, request_id: str) -> None:
        self._deaths[request_id] = self._deaths.pop(request_id, 0) + 1
        while len(self._deaths) > self._remembered:
            self._deaths.popitem(last=False)

    def is_poison(self, request_id: str) -> bool:
        return self._deaths.get(request_id, 0) >= self._patience
