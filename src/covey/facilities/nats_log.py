"""An append-only log on JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from covey.errors import StateError, StoreCorrupt, StoreUnavailable
from covey.facilities.nats_delivery import Delivered, DeliveryLost, DeliveryStalled, deliver
from covey.facilities.nats_stream import StreamCalls, StreamError
from covey.protocol.subjects import log_stream
from covey.store.key_value import LogRecord
from covey.store.keys import check_key, check_record_id, check_value

PIPELINE = 256
"""How many appends may be unanswered at once."""
FIRST_WINDOW = 256
"""How many sequence numbers a reading from the end looks back over at first; it doubles until enough is found."""


class NatsLog:
    """One log; each record's subject is ``log.<name>.<tokens>``, its id the message id that duplicates are told by."""

    def __init__(self, name: str, calls: StreamCalls) -> None:
        self.name = name
        self.stream = log_stream(name)
        self._root = f"log.{name}."
        self._calls = calls

    async def append(self, value: bytes, *, subject: Sequence[str], record_id: str) -> int:
        headers = {"Nats-Msg-Id": check_record_id(record_id)}
        try:
            answer = await self._calls.publish(self._root + check_key(".".join(subject)), check_value(value), headers)
        except StreamError as error:
            raise StoreUnavailable from error
        return answer.seq

    async def append_many(self, records: Sequence[tuple[bytes, Sequence[str], str]]) -> Sequence[int]:
        sequences: list[int] = []
        for start in range(0, len(records), PIPELINE):
            appends = (
                self.append(value, subject=subject, record_id=record_id)
                for value, subject, record_id in records[start : start + PIPELINE]
            )
            for outcome in await asyncio.gather(*appends, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                sequences.append(outcome)
        return sequences

    async def read(
        self, *, subject: Sequence[str] = (), after: int = 0, limit: int = 1000, newest_first: bool = False
    ) -> Sequence[LogRecord]:
        if limit <= 0:
            return []
        below = self._root + check_key(".".join(subject)) if subject else ""
        filters = [below, f"{below}.>"] if below else [f"{self._root}>"]
        failure: StateError
        for _ in range(3):
            try:
                if newest_first:
                    return await self._read_back(filters, after, limit)
                return [self._record(each) for each in await self._read_on(filters, after + 1, limit)]
            except DeliveryStalled as error:
                failure = StoreCorrupt(f"records of the log {self.name!r} cannot be read: restore a backup")
                failure.__cause__ = error
            except DeliveryLost as error:
                failure = StoreUnavailable()
                failure.__cause__ = error
        raise failure

    async def _read_back(self, filters: Sequence[str], before: int, limit: int) -> Sequence[LogRecord]:
        """Windows from the end, each twice the one after it, until there are enough records."""
        try:
            state = (await self._calls.stream("INFO", self.stream)).state
        except StreamError as error:
            raise StoreUnavailable from error
        end = min(before or state.last_seq + 1, state.last_seq + 1)
        window = max(FIRST_WINDOW, 2 * limit)
        found: list[LogRecord] = []
        while end > state.first_seq and len(found) < limit:
            start = max(state.first_seq, end - window, 1)
            records = [self._record(each) for each in await self._read_on(filters, start, window, end=end)]
            found.extend(reversed(records))
            end, window = start, 2 * window
            if start == 1:
                break
        return found[:limit]

    async def _read_on(
        self, filters: Sequence[str], start: int, limit: int, *, end: int | None = None
    ) -> Sequence[Delivered]:
        """Up to ``limit`` records from ``start`` on, below ``end``."""
        policy = {"deliver_policy": "by_start_sequence", "opt_start_seq": start}
        found: list[Delivered] = []
        async with deliver(self._calls, self.stream, filters, policy=policy) as delivery:
            pending = delivery.pending
            while pending and len(found) < limit:
                message = await delivery.next(expected=True)
                pending = message.pending
                if end is not None and message.sequence >= end:
                    break
                found.append(message)
        return found

    def _record(self, message: Delivered) -> LogRecord:
        tokens = tuple(message.subject.removeprefix(self._root).split("."))
        return LogRecord(message.sequence, message.at, tokens, message.data)
