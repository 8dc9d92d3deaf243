"""How usage is written down: batches of records in the log, and rows of totals in the gateway's bucket.

A batch holds what one user did on one day, as one meter saw it: everything in it belongs to one row. The batches of a
row are numbered, and the row knows which numbers are in it, so adding a batch again changes nothing.

    usage.<user id>.<day>.<meter>      a row: RollUpEntry for each model and key
    usage-through.<meter>              Mark: up to where the log is in that meter's rows
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from covey.domain.metering import RollUp, RollUpEntry
from covey.errors import KeyExists, Overloaded, RevisionConflict
from covey.protocol.ids import InstanceId, UserId
from covey.protocol.usage import UsageRecord
from covey.store.key_value import KeyValue

DAY_S = 86_400
ROUNDS = 10
MARKS = "usage-through"
_encode = msgspec.msgpack.Encoder().encode
_entries = msgspec.msgpack.Decoder(tuple[RollUpEntry, ...]).decode


class FirstRecord(UsageRecord, frozen=True, kw_only=True):
    """The first record of a batch: it says which batch that is. Readers who do not care see a record like others."""

    meter: str | None = None
    """Who counted it; None: written before batches had numbers."""
    batch: int | None = None
    """Its number among the batches of that meter, user and day, from 1 on."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    row: str
    """The key of the row that it belongs to; empty when it is not known."""
    meter: str | None
    number: int | None
    records: tuple[UsageRecord, ...]


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    instance: InstanceId
    """The gateway whose meter it is."""
    sequence: int
    """What is in the log up to here is in the rows too."""


_batch = msgspec.msgpack.Decoder(tuple[FirstRecord, ...]).decode
_mark = msgspec.msgpack.Decoder(Mark).decode


def day_of(at: float) -> str:
    """The UTC day of a moment in Unix seconds, as it is part of keys: ``20260131``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%d")


def row_key(user_id: UserId, day: str, meter: str) -> str:
    return f"usage.{user_id}.{day}.{meter}"


def mark_key(meter: str) -> str:
    return f"{MARKS}.{meter}"


def encode_batch(records: Sequence[UsageRecord], meter: str, number: int) -> bytes:
    first = FirstRecord(**{**msgspec.structs.asdict(records[0]), "meter": meter, "batch": number})
    return _encode((first, *records[1:]))


def decode_batch(value: bytes) -> Batch:
    """A batch out of the log."""
    records = _batch(value)
    first = records[0]
    row = "" if first.meter is None else row_key(first.user_id, day_of(first.at), first.meter)
    return Batch(row=row, meter=first.meter, number=first.batch, records=records)


def encode_row(roll_up: RollUp) -> bytes:
    return _encode(roll_up.entries())


def decode_row(value: bytes) -> tuple[RollUpEntry, ...]:
    return _entries(value)


def encode_mark(mark: Mark) -> bytes:
    return _encode(mark)


def decode_mark(value: bytes) -> Mark:
    return _mark(value)


async def add_to_row(bucket: KeyValue, key: str, batches: Iterable[Batch]) -> int:
    """Add what the row does not hold yet; how many batches that were. Raises Overloaded, StoreUnavailable."""
    batches = tuple(batches)
    for _ in range(ROUNDS):
        stored = await bucket.get(key)
        roll_up = RollUp(decode_row(stored.value) if stored else ())
        added = sum(roll_up.add_batch(batch.number, batch.records) for batch in batches)
        if not added:
            return 0
        try:
            if stored is None:
                await bucket.create(key, encode_row(roll_up))
            else:
                await bucket.update(key, encode_row(roll_up), stored.revision)
        except (KeyExists, RevisionConflict):
            continue
        return added
    raise Overloaded("the totals are being changed by others; try again", retry_after_s=1.0)


def by_row(batches: Iterable[Batch]) -> Mapping[str, list[Batch]]:
    rows: dict[str, list[Batch]] = {}
    for batch in batches:
        rows.setdefault(batch.row, []).append(batch)
    return rows
