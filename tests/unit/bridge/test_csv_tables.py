from __future__ import annotations

import csv
import io

from covey.bridge.csv_tables import TABLES
from covey.protocol.ids import KeyId, ModelName, RequestId, UserId
from covey.protocol.operations import OPERATIONS_BY_NAME
from covey.protocol.requests import LoggedRequest
from covey.protocol.usage import UsageRecord, UsageRow, UsageTotals


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_usage_is_a_row_for_each_day_model_and_key() -> None:
    row = UsageRow(
        day="2026-01-31", model=ModelName("m"), user_id=UserId("usr_1"), username="ada", key_id=KeyId("key_1"),
        totals=UsageTotals(requests=3, prompt_tokens=4, completion_tokens=5, failed=1, cancelled=2),
    )  # fmt: skip
    table = TABLES["usage.query"]
    (head,), (cells,) = read(table.head()), read(table.rows([row]))
    assert dict(zip(head, cells, strict=True)) == {
        "day": "2026-01-31", "model": "m", "user_id": "usr_1", "username": "ada", "key_id": "key_1", "key_name": "",
        "requests": "3", "prompt_tokens": "4", "completion_tokens": "5", "failed": "1", "cancelled": "2",
    }  # fmt: skip


def test_a_request_is_told_with_times_that_can_be_sorted() -> None:
    record = UsageRecord(
        request_id=RequestId("req_1"), user_id=UserId("usr_1"), model=ModelName("m"), kind="chat", at=1_769_817_600.25,
        first_token_ms=12.3456, outcome="failed", error_code="overloaded", estimated=True,
    )  # fmt: skip
    table = TABLES["requests.query"]
    (head,), (cells,) = read(table.head()), read(table.rows([LoggedRequest(record=record, username="ada")]))
    told = dict(zip(head, cells, strict=True))
    assert told["at"] == "2026-01-31T00:00:00.250Z"
    assert (told["first_token_ms"], told["queue_ms"], told["estimated"]) == ("12.3", "", "yes")


def test_tables_are_made_of_lists_that_can_be_asked_for() -> None:
    for name, table in TABLES.items():
        operation = OPERATIONS_BY_NAME[name]
        assert operation.method == "GET"
        assert hasattr(operation.endpoint.response, "items")
        assert hasattr(operation.endpoint.request, "limit") == (table.page is not None)
