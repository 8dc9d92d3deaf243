"""What a server remembers of those who call it: which requests it has seen, and how long their messages travel."""

from __future__ import annotations

from collections import OrderedDict

WINDOW = 4096
"""How far behind the newest request of a caller another one may arrive and still be new."""
_MASK = (1 << WINDOW) - 1
CALLERS = 4096
"""Callers remembered; the one that was silent for longest is forgotten first."""
BASE_VALID_S = 60.0


class Caller:
    """One calling process. Its requests carry a running number and the reading of its own monotonic clock."""

    __slots__ = ("_base", "_base_since", "_former_base", "_newest", "_seen")

    def __init__(self) -> None:
        self._newest = -1
        self._seen = 0
        self._base: float | None = None
        self._former_base: float | None = None
        self._base_since = 0.0

    def is_new(self, number: int) -> bool:
        """Whether this request was not seen before; from now on it was. One that is too old counts as seen."""
        ahead = number - self._newest
        if ahead > 0:
            self._seen = ((self._seen << ahead) | 1) & _MASK if ahead < WINDOW else 1
            self._newest = number
            return True
        bit = 1 << -ahead
        if -ahead >= WINDOW or self._seen & bit:
            return False
        self._seen |= bit
        return True

    def delay_s(self, sent_s: float, now: float) -> float:
        """How much longer than the quickest message of the last minutes this one was on its way.

        The two clocks have nothing in common but their pace; the difference of the quickest message stands for none.
        The quickest is looked for anew every minute, so that clocks of slightly different pace do no harm.
        """
        difference = now - sent_s
        if self._base is None or difference < self._base:
            self._base = difference
        if now - self._base_since > BASE_VALID_S:
            self._former_base, self._base, self._base_since = self._base, difference, now
        base = self._base if self._former_base is None else min(self._base, self._former_base)
        return max(0.0, difference - base)


class Callers:
    """The callers of this process, by the prefix of where they want their answers."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, Caller] = OrderedDict()

    def get(self, name: str) -> Caller:
        caller = self._callers.get(name)
        if caller is None:
            caller = self._callers[name] = Caller()
            if len(self._callers) > CALLERS:
                self._callers.popitem(last=False)
        else:
            self._callers.move_to_end(name)
        return caller
