from __future__ import annotations

import asyncio

import pytest

from covey.errors import Forbidden, StoreUnavailable
from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.requests import LoggedRequest, QueryRequests, RequestPage
from covey.protocol.usage import UsageRecord, UsageReport, UsageRow, UsageTotals
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, RunningBridge, new_bridge, running_bridge

CSV = {**AUTHORIZATION, "Accept": "text/csv"}


@pytest.fixture
def running() -> RunningBridge:
    return new_bridge()


def logged(number: int) -> LoggedRequest:
    record = UsageRecord(
        request_id=RequestId(f"req_{number}"), user_id=UserId("usr_1"), model=ModelName("=cmd()"), kind="chat", at=1.0
    )
    return LoggedRequest(record=record)


def pages(asked: QueryRequests) -> RequestPage:
    """Three pages of two."""
    first = int(asked.cursor or 0)
    return RequestPage(items=(logged(first), logged(first + 1)), next=str(first + 2) if first < 4 else None)


@pytest.mark.parametrize(("headers", "query"), [(CSV, ""), (AUTHORIZATION, "format=csv"), (CSV, "format=csv")])
async def test_usage_is_a_table_when_that_is_wanted(
    running: RunningBridge, headers: dict[str, str], query: str
) -> None:
    row = UsageRow(day="2026-01-31", model=ModelName("m"), user_id=UserId("usr_1"), totals=UsageTotals(requests=1))
    running.worker.results["usage.query"] = UsageReport(items=(row,) * 1100, total=UsageTotals())
    answer = await ask(running.bridge.application, "GET", "/covey/v1/usage", headers, query=query)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="covey-usage.csv"'
    lines = answer.body.decode().split("\r\n")
    assert lines[0].startswith("day,model,user_id")
    assert lines[1:-1] == ["2026-01-31,m,usr_1,,,,1,0,0,0,0"] * 1100


@pytest.mark.parametrize(
    ("accept", "query"),
    [("*/*", ""), ("application/json, text/csv", ""), ("text/csv", "format=json"), ("text/csvx", "")],
)
async def test_otherwise_it_is_json(running: RunningBridge, accept: str, query: str) -> None:
    headers = {**AUTHORIZATION, "Accept": accept}
    answer = await ask(running.bridge.application, "GET", "/covey/v1/usage", headers, query=query)
    assert answer.headers["content-type"] == "application/json"


async def test_the_whole_request_log_is_read_page_by_page(running: RunningBridge) -> None:
    running.worker.results["requests.query"] = pages
    answer = await ask(running.bridge.application, "GET", "/covey/v1/requests", CSV, query="model=x")
    lines = answer.body.decode().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == [f"req_{number}" for number in range(6)]
    assert all("'=cmd()" in line for line in lines[1:])
    asked = [request for _, _, request in running.worker.operations]
    assert [(request.model, request.limit, request.cursor) for request in asked] == [
        ("x", 500, None), ("x", 500, "2"), ("x", 500, "4"),
    ]  # fmt: skip


async def test_with_a_limit_it_is_that_page(running: RunningBridge) -> None:
    running.worker.results["requests.query"] = pages
    answer = await ask(running.bridge.application, "GET", "/covey/v1/requests", CSV, query="limit=2&cursor=2")
    assert [line.split(",")[1] for line in answer.body.decode().splitlines()[1:]] == ["req_2", "req_3"]


async def test_an_error_before_the_beginning_is_an_answer_of_its_own(running: RunningBridge) -> None:
    running.worker.operation_error = Forbidden()
    answer = await ask(running.bridge.application, "GET", "/covey/v1/requests", CSV)
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    assert (await ask(running.bridge.application, "GET", "/covey/v1/usage", {"Accept": "text/csv"})).status == 401


async def test_a_format_that_does_not_exist_is_refused(running: RunningBridge) -> None:
    answer = await ask(running.bridge.application, "GET", "/covey/v1/usage", AUTHORIZATION, query="format=xml")
    assert answer.status == 400
    answer = await ask(running.bridge.application, "GET", "/covey/v1/audit", AUTHORIZATION, query="format=csv")
    assert answer.status == 422


async def test_a_failure_in_the_middle_breaks_the_connection_off() -> None:
    async with running_bridge() as running:

        def failing(asked: QueryRequests) -> RequestPage:
            if asked.cursor is not None:
                raise StoreUnavailable
            return pages(asked)

        running.worker.results["requests.query"] = failing
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **CSV}.items())
        sent = f"GET /covey/v1/requests HTTP/1.1\r\n{head}\r\n".encode()
        received = await raw(running.port, sent)
        assert b"req_1" in received
        assert not received.endswith(b"0\r\n\r\n")


async def raw(port: int, sent: bytes) -> bytes:
    """Everything until the server closes."""

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        await writer.wait_closed()
