"""The queue in front of one engine: decisions by ``covey.domain.admission``, waiting done here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from covey.domain.admission import Admission
from covey.errors import Overloaded
from covey.protocol.inference import Queued
from covey.runtime.clock import Clock

SIGN_OF_LIFE_S = 15.0
"""A waiting request says at least this often that it still waits, so that nobody takes it for dead."""


class Ticket(msgspec.Struct, eq=False):
    """One request's right to wait and then to run. ``leave`` has to be called, whatever happens."""

    queue: EngineQueue
    number: int
    entered: float
    """When it came, on the clock's monotonic scale."""
    started_at: float | None = None
    """When it got its slot."""
    turn: asyncio.Future[None] | None = None

    @property
    def queue_ms(self) -> float:
        return 0.0 if self.started_at is None else (self.started_at - self.entered) * 1000

    def leave(self, *, served: bool) -> None:
        self.queue.leave(self, served=served)


class EngineQueue:
    def __init__(self, engine: str, admission: Admission, clock: Clock, *, report_interval_s: float) -> None:
        self.engine = engine
        self.admission = admission
        self._clock = clock
        self._report_interval_s = report_interval_s
        self._numbers = 0
        self._waiting: dict[int, Ticket] = {}

    def enter(self, user: str) -> Ticket:
        """Raises Overloaded with a time to come back."""
        self._numbers += 1
        now = self._clock.monotonic()
        ticket = Ticket(self, self._numbers, now)
        decision = self.admission.enter(ticket.number, user, now)
        if decision == "refuse":
            raise Overloaded(
                "the queue for this model is full; try again later", retry_after_s=self.admission.retry_after_s()
            )
        if decision == "start":
            ticket.started_at = now
        else:
            ticket.turn = asyncio.get_running_loop().create_future()
            self._waiting[ticket.number] = ticket
        return ticket

    async def wait(self, ticket: Ticket) -> AsyncGenerator[Queued]:
        """The places of a waiting request, until it has a slot; nothing when it has one already."""
        if ticket.turn is None:
            return
        said: int | None = None
        said_at = 0.0
        while not ticket.turn.done():
            place = self.admission.place(ticket.number)
            now = self._clock.monotonic()
            if place is not None and (place.position != said or now - said_at >= SIGN_OF_LIFE_S):
                said, said_at = place.position, now
                yield Queued(position=place.position, estimated_wait_s=place.estimated_wait_s)
            await asyncio.wait([ticket.turn], timeout=self._report_interval_s)

    def leave(self, ticket: Ticket, *, served: bool) -> None:
        self._waiting.pop(ticket.number, None)
        now = self._clock.monotonic()
        self._start(self.admission.leave(ticket.number, now, served=served), now)

    def set_slots(self, slots: int) -> None:
        if slots != self.admission.slots:
            now = self._clock.monotonic()
            self._start(self.admission.set_slots(slots, now), now)

    def _start(self, numbers: list[int], now: float) -> None:
        for number in numbers:
            ticket = self._waiting.pop(number)
            ticket.started_at = now
            if ticket.turn is not None and not ticket.turn.done():
                ticket.turn.set_result(None)
