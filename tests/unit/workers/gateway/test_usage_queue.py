from __future__ import annotations

from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.usage import UsageRecord
from covey.workers.gateway.usage_queue import RECORDS_PER_ENTRY, UsageQueue


def record(user: str, number: int = 0) -> UsageRecord:
    return UsageRecord(
        request_id=RequestId(f"req_{number}"), user_id=UserId(user), model=ModelName("m"), kind="chat", at=1.0
    )


def test_records_are_given_out_by_user_in_order_and_once() -> None:
    queue = UsageQueue(10, lambda: None)
    for number, user in enumerate(("a", "b", "a")):
        queue.put(record(user, number))
    parts = [[(item.user_id, item.request_id) for item in part] for part in queue.take()]
    assert parts == [[("a", "req_0"), ("a", "req_2")], [("b", "req_1")]]
    assert list(queue.take()) == []


def test_a_part_has_at_most_so_many_records() -> None:
    queue = UsageQueue(2 * RECORDS_PER_ENTRY, lambda: None)
    for number in range(RECORDS_PER_ENTRY + 1):
        queue.put(record("a", number))
    assert [len(part) for part in queue.take()] == [RECORDS_PER_ENTRY, 1]


def test_what_there_is_no_room_for_is_lost_and_counted() -> None:
    lost: list[int] = []
    queue = UsageQueue(2, lambda: lost.append(1))
    for number in range(5):
        queue.put(record("a", number))
    assert (len(queue), len(lost)) == (2, 3)
