from __future__ import annotations

from covey.protocol.ids import RequestId, UserId
from covey.workers.gateway.content_queue import PART_BYTES, ContentQueue, WaitingContent


def waiting(size: int) -> WaitingContent:
    return WaitingContent(user_id=UserId("u"), request_id=RequestId("r"), expires_at=1.0, value=b"x" * size)


def test_what_does_not_fit_any_more_is_dropped_and_counted() -> None:
    dropped: list[None] = []
    queue = ContentQueue(100, lambda: dropped.append(None))
    for _ in range(5):
        queue.put(waiting(40))
    assert (len(queue), len(dropped)) == (2, 3)
    queue.done(1)
    queue.put(waiting(60))
    assert (len(queue), len(dropped)) == (2, 3)


def test_the_oldest_are_taken_first_and_stay_until_they_are_done() -> None:
    queue = ContentQueue(1000, lambda: None)
    for size in (1, 2, 3):
        queue.put(waiting(size))
    assert [len(each.value) for each in queue.first(2)] == [1, 2]
    assert [len(each.value) for each in queue.first(2)] == [1, 2]
    queue.done(2)
    assert [len(each.value) for each in queue.first(2)] == [3]
    queue.done(1)
    assert not queue.first(2)


def test_a_part_is_bounded_in_bytes_and_holds_one_at_least() -> None:
    queue = ContentQueue(10 * PART_BYTES, lambda: None)
    for size in (2 * PART_BYTES, PART_BYTES // 2, PART_BYTES // 2, 1):
        queue.put(waiting(size))
    assert len(queue.first(33)) == 1
    queue.done(1)
    assert len(queue.first(33)) == 2
