"""Who may start, who waits, and who is refused: one bounded queue in front of an engine's slots, fair between users.

Each user has a line of their own and the lines take turns, so that a user with two hundred waiting requests delays
another user's first one by no more than one turn. Times come in as arguments; nothing here waits.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Literal

Decision = Literal["start", "wait", "refuse"]
RECENT_WEIGHT = 0.2
"""How much the newest service time counts against all earlier ones."""
ASSUMED_SERVICE_TIME_S = 5.0
"""Until the first request is done."""
SHORTEST_RETRY_S = 1.0
LONGEST_RETRY_S = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting request stands; ``position`` 1 is next."""

    position: int
    estimated_wait_s: float


class Admission:
    """``slots`` 0 means no limit. ``waiting_limit`` is for all users together, ``user_waiting_limit`` for each."""

    def __init__(self, *, slots: int, waiting_limit: int, user_waiting_limit: int) -> None:
        self.slots = slots
        self.waiting_limit = waiting_limit
        self.user_waiting_limit = user_waiting_limit
        self.service_time_s: float | None = None
        """Mean time a request holds a slot, recent ones weighted most; None until one is done."""
        self._running: dict[int, float] = {}
        self._lines: OrderedDict[str, deque[int]] = OrderedDict()
        self._users: dict[int, str] = {}
        self._places: dict[int, int] | None = None

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._users)

    def enter(self, ticket: int, user: str, now: float) -> Decision:
        """A new request. ``ticket`` is its number, never used before."""
        if self._has_room() and not self._users:
            self._running[ticket] = now
            return "start"
        if self.waiting >= self.waiting_limit or len(self._lines.get(user, ())) >= self.user_waiting_limit:
            return "refuse"
        self._lines.setdefault(user, deque()).append(ticket)
        self._users[ticket] = user
        self._places = None
        return "wait"

    def leave(self, ticket: int, now: float, *, served: bool = True) -> list[int]:
        """A request is done, or gave up waiting; the tickets that may start now. Unknown tickets change nothing.

        ``served`` False: it failed or was cancelled, so the time that it took says nothing about others.
        """
        began = self._running.pop(ticket, None)
        if began is not None:
            if served:
                self._learn(max(0.0, now - began))
        elif ticket in self._users:
            self._take_out(ticket)
        return self._start_waiting(now)

    def set_slots(self, slots: int, now: float) -> list[int]:
        """The engine has another number of slots; the tickets that may start now."""
        self.slots = slots
        return self._start_waiting(now)

    def place(self, ticket: int) -> Place | None:
        """None when it does not wait."""
        if ticket not in self._users:
            return None
        if self._places is None:
            self._places = {waiting: position for position, waiting in enumerate(self._order(), start=1)}
        position = self._places[ticket]
        return Place(position, round(self._wait_s(position), 1))

    def retry_after_s(self) -> float:
        """When a refused request may find room: after about half of those who wait have started."""
        return float(math.ceil(min(LONGEST_RETRY_S, max(SHORTEST_RETRY_S, self._wait_s(self.waiting / 2)))))

    def _has_room(self) -> bool:
        return self.slots == 0 or len(self._running) < self.slots

    def _wait_s(self, position: float) -> float:
        service_time_s = ASSUMED_SERVICE_TIME_S if self.service_time_s is None else self.service_time_s
        return position * service_time_s / max(1, self.slots)

    def _learn(self, took_s: float) -> None:
        known = self.service_time_s
        self.service_time_s = took_s if known is None else known + RECENT_WEIGHT * (took_s - known)

    def _order(self) -> list[int]:
        """All waiting tickets in the order in which they would start if nobody came or left."""
        lines = [list(line) for line in self._lines.values()]
        longest = max((len(line) for line in lines), default=0)
        return [line[turn] for turn in range(longest) for line in lines if turn < len(line)]

    def _start_waiting(self, now: float) -> list[int]:
        started = []
        while self._lines and self._has_room():
            user, line = next(iter(self._lines.items()))
            ticket = line.popleft()
            # The line that had its turn goes to the back.
            del self._lines[user]
            if line:
                self._lines[user] = line
            del self._users[ticket]
            self._running[ticket] = now
            started.append(ticket)
        if started:
            self._places = None
        return started

    def _take_out(self, ticket: int) -> None:
        user = self._users.pop(ticket)
        line = self._lines[user]
        line.remove(ticket)
        if not line:
            del self._lines[user]
        self._places = None
