from __future__ import annotations

import msgspec
import pytest

from covey.bridge.errors import MethodNotAllowed, invalid_json, named_error, problem_of, retry_headers
from covey.errors import (
    BackendRejected,
    CoveyError,
    InvalidRequest,
    Overloaded,
    QuotaExceeded,
    RevisionConflict,
    Unauthenticated,
    UnknownField,
)


def test_a_problem_points_at_the_field() -> None:
    problem = problem_of(InvalidRequest("too long", param="messages.0.content"), "req_1")
    assert problem.errors == [{"pointer": "/messages/0/content", "message": "too long"}]
    assert (problem.status, problem.code, problem.instance) == (400, "invalid_request", "urn:covey:request:req_1")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidRequest(), {}),
        (Unauthenticated(), {"www-authenticate": 'Bearer realm="covey"'}),
        (QuotaExceeded(retry_after_s=2.5), {"retry-after": "3", "retry-after-ms": "2500", "x-should-retry": "true"}),
        (QuotaExceeded(retry_after_s=3600), {"retry-after": "3600", "x-should-retry": "false"}),
        (QuotaExceeded(), {"x-should-retry": "false"}),
        (RevisionConflict(), {"x-should-retry": "true"}),
        (MethodNotAllowed(("GET", "POST")), {"allow": "GET, POST"}),
    ],
)
def test_clients_are_told_whether_to_come_back(error: CoveyError, expected: dict[str, str]) -> None:
    headers = {name.decode(): value.decode() for name, value in retry_headers(error)}
    assert expected.items() <= headers.items()
    assert bool(headers) == bool(expected)


def test_refused_crowds_come_back_spread_out() -> None:
    waits = {dict(retry_headers(Overloaded(retry_after_s=10.0)))[b"retry-after-ms"] for _ in range(20)}
    assert len(waits) > 1
    assert all(10_000 <= int(wait) <= 12_500 for wait in waits)


def test_unnamed_errors_lose_their_text() -> None:
    assert "secret" not in named_error(RuntimeError("secret")).detail
    assert isinstance(named_error(OverflowError()), InvalidRequest)
    rejected = BackendRejected("x")
    assert named_error(rejected) is rejected


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 0


class Outer(msgspec.Struct):
    items: list[Inner] = []


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        (b'{"items":[{"size":"x"}]}', InvalidRequest, "items.0.size"),
        (b'{"items":[{"sise":1}]}', UnknownField, "items.0.sise"),
        (b"[]", InvalidRequest, None),
        (b"{", InvalidRequest, None),
    ],
)
def test_decoding_failures_name_the_field(body: bytes, kind: type[CoveyError], param: str | None) -> None:
    with pytest.raises(msgspec.DecodeError) as failure:
        msgspec.json.decode(body, type=Outer)
    error = invalid_json(failure.value)
    assert type(error) is kind
    assert error.param == param
