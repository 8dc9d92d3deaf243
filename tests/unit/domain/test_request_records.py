"""The last requests: which are kept, which are found, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from covey.domain.request_records import RequestRecords, check_query, filter_of, refusal
from covey.errors import InvalidRequest, ModelNotFound, NoWorkerAvailable
from covey.protocol.auth import Identity
from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.requests import QueryRequests
from covey.protocol.usage import UsageRecord


def record(number: int, **fields: Any) -> UsageRecord:
    return UsageRecord(
        **{
            "request_id": RequestId(f"req_{number:05}"), "user_id": UserId("usr_1"), "model": ModelName("m"),
            "kind": "chat", "at": float(number), **fields,
        }
    )  # fmt: skip


def kept(*records: UsageRecord, size: int = 100) -> RequestRecords:
    found = RequestRecords(size, 1000.0)
    found.add(records, 100.0)
    return found


def ids(records: RequestRecords, **fields: Any) -> list[int]:
    request = QueryRequests(**fields)
    page, _ = records.page(request, filter_of(request, request.user_id))
    return [int(found.at) for found in page]


def test_pages_follow_each_other_without_gap_or_repeat_while_more_is_added() -> None:
    records = kept(*(record(number, at=float(number // 2)) for number in range(20)))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        request = QueryRequests(limit=3, cursor=cursor)
        page, cursor = records.page(request, filter_of(request, None))
        seen += [found.request_id for found in page]
        records.add([record(99)], 100.0)
        if cursor is None:
            break
    assert seen == [f"req_{number:05}" for number in reversed(range(20))]


def test_the_oldest_are_forgotten_first() -> None:
    records = kept(*(record(number) for number in (3, 1, 2)), size=2)
    assert ids(records) == [3, 2]
    records.add([record(4)], 1003.5)
    assert ids(records) == [4]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user_id": "usr_2"}, [2]),
        ({"model": "other"}, [3]),
        ({"outcome": "failed"}, [4]),
        ({"error_code": "overloaded"}, [4]),
        ({"min_duration_ms": 500.0}, [5]),
        ({"since": 3.0, "until": 5.0}, [4, 3]),
        ({"request_id": "req_00001"}, [1]),
        ({"node": "n2"}, [6]),
        ({"processor": "nobody"}, []),
    ],
)
def test_filters(fields: dict[str, Any], expected: list[int]) -> None:
    records = kept(
        record(1), record(2, user_id=UserId("usr_2")), record(3, model=ModelName("other")),
        record(4, outcome="failed", error_code="overloaded"), record(5, duration_ms=500.0), record(6, node="n2"),
    )  # fmt: skip
    assert ids(records, **fields) == expected


@pytest.mark.parametrize("fields", [{"limit": 0}, {"limit": 501}, {"cursor": "yesterday"}])
def test_what_cannot_be_asked_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        check_query(QueryRequests(**fields))


def test_a_refusal_keeps_little_of_the_name_that_was_asked_for() -> None:
    identity = Identity(user_id=UserId("usr_1"), username="ada")
    found = refusal(identity, "x" * 9000, "chat", ModelNotFound("no"), 5.0, RequestId("req_1"))
    assert (len(found.model), found.outcome, found.error_code, found.admitted) == (
        128,
        "refused",
        "model_not_found",
        False,
    )
    busy = refusal(identity, "m", "chat", NoWorkerAvailable("no"), 5.0, RequestId("req_1"))
    assert busy.outcome == "failed"
