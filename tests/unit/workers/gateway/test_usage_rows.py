from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from covey.domain.metering import RollUpEntry
from covey.protocol.ids import InstanceId, ModelName, RequestId, UserId
from covey.protocol.usage import UsageRecord, UsageTotals
from covey.store.key_value import KeyValue
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.gateway.usage_rows import (
    Batch,
    Mark,
    add_to_row,
    by_row,
    decode_batch,
    decode_mark,
    decode_row,
    encode_batch,
    encode_mark,
)

AT = 1_769_817_600.0


@pytest.fixture
async def bucket() -> AsyncIterator[KeyValue]:
    store = MemoryStore(ManualClock())
    yield await store.bucket("gateway")
    await store.stop()


def records(count: int, *, admitted: bool = True) -> tuple[UsageRecord, ...]:
    return tuple(
        UsageRecord(
            request_id=RequestId(f"req_{n}"), user_id=UserId("usr_1"), model=ModelName("m"), kind="chat", at=AT + n,
            completion_tokens=2, admitted=admitted,
        )
        for n in range(count)
    )  # fmt: skip


def test_a_batch_says_which_row_it_belongs_to_and_reads_like_plain_records() -> None:
    value = encode_batch(records(3), "meter_1", 7)
    batch = decode_batch(value)
    assert (batch.row, batch.meter, batch.number) == ("usage.usr_1.20260131.meter_1", "meter_1", 7)
    assert msgspec.msgpack.decode(value, type=tuple[UsageRecord, ...]) == records(3)


def test_a_batch_from_before_they_had_numbers_can_be_read() -> None:
    batch = decode_batch(msgspec.msgpack.encode(records(2)))
    assert (batch.row, batch.meter, batch.number, len(batch.records)) == ("", None, None, 2)


async def test_what_is_in_a_row_is_not_added_again(bucket: KeyValue) -> None:
    first, second = (decode_batch(encode_batch(records(3), "meter_1", number)) for number in (1, 2))
    assert await add_to_row(bucket, first.row, [first]) == 1
    assert await add_to_row(bucket, first.row, [first, second, second]) == 1
    assert await add_to_row(bucket, first.row, [second]) == 0
    stored = await bucket.get(first.row)
    assert stored is not None
    assert decode_row(stored.value) == (
        RollUpEntry(model=ModelName("m"), totals=UsageTotals(requests=6, completion_tokens=12), batches=((1, 2),)),
    )


async def test_a_row_from_before_batches_had_numbers_grows(bucket: KeyValue) -> None:
    old = RollUpEntry(model=ModelName("m"), totals=UsageTotals(requests=4, completion_tokens=5))
    batch = decode_batch(encode_batch(records(1), "meter_1", 1))
    await bucket.put(batch.row, msgspec.msgpack.encode((old,)))
    assert await add_to_row(bucket, batch.row, [batch]) == 1
    stored = await bucket.get(batch.row)
    assert stored is not None
    assert decode_row(stored.value)[0].totals == UsageTotals(requests=5, completion_tokens=7)


def test_batches_are_sorted_by_row() -> None:
    batches = [Batch(row=row, meter="m", number=number, records=()) for number, row in enumerate("abab")]
    assert {row: [each.number for each in found] for row, found in by_row(batches).items()} == {
        "a": [0, 2],
        "b": [1, 3],
    }


def test_a_mark_is_read_back() -> None:
    mark = Mark(instance=InstanceId("gateway-1"), sequence=12)
    assert decode_mark(encode_mark(mark)) == mark
