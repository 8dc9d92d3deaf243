"""The last requests of the whole service: what is kept of them, which of them are asked for, page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Literal

from covey.errors import CoveyError, InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.requests import QueryRequests
from covey.protocol.usage import UsageRecord

LONGEST_MODEL_NAME = 128
"""Characters of a model's name that are kept of a request which was refused: it may be any text."""
PAGE = 500
Place = tuple[float, str]
"""Where a request stands in the order of time: when it ended, and its id."""


def refusal(
    identity: Identity,
    model: str,
    kind: Literal["chat", "completion", "embedding"],
    error: CoveyError,
    now: float,
    request_id: RequestId,
) -> UsageRecord:
    """What is written down of a request that no processor saw."""
    return UsageRecord(
        request_id=request_id,
        user_id=identity.user_id,
        username=identity.username,
        key_id=identity.key_id,
        model=ModelName(model[:LONGEST_MODEL_NAME]),
        kind=kind,
        at=now,
        outcome="refused" if error.http_status < 500 else "failed",
        error_code=error.code,
        admitted=False,
    )


class RequestRecords:
    """At most ``size`` records, none older than ``longest_s``, in the order in which the requests ended."""

    def __init__(self, size: int, longest_s: float) -> None:
        self._size = size
        self._longest_s = longest_s
        self._records: list[UsageRecord] = []

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: Iterable[UsageRecord], now: float) -> None:
        """In any order. Those that are too many or too old are forgotten, the oldest first."""
        self._records.extend(records)
        self._records.sort(key=place_of)
        too_old = bisect_left(self._records, (now - self._longest_s, ""), key=place_of)
        del self._records[: max(too_old, len(self._records) - self._size)]

    def page(self, request: QueryRequests, fits: Callable[[UsageRecord], bool]) -> tuple[list[UsageRecord], str | None]:
        """Newest first, and the cursor of the next page if there is more."""
        last = len(self._records)
        if request.cursor is not None:
            last = bisect_left(self._records, place_in(request.cursor), key=place_of)
        if request.until is not None:
            last = min(last, bisect_left(self._records, (request.until, ""), key=place_of))
        first = 0 if request.since is None else bisect_left(self._records, (request.since, ""), key=place_of)
        found: list[UsageRecord] = []
        for position in range(last - 1, first - 1, -1):
            record = self._records[position]
            if not fits(record):
                continue
            if len(found) == request.limit:
                return found, cursor_of(found[-1])
            found.append(record)
        return found, None


def place_of(record: UsageRecord) -> Place:
    return record.at, record.request_id


def cursor_of(record: UsageRecord) -> str:
    return f"{record.at!r}~{record.request_id}"


def place_in(cursor: str) -> Place:
    """Raises InvalidRequest."""
    at, _, request_id = cursor.partition("~")
    try:
        return float(at), request_id
    except ValueError as error:
        raise InvalidRequest("this is no cursor of the request log", param="cursor") from error


def check_query(request: QueryRequests) -> None:
    """Raises InvalidRequest."""
    if not 1 <= request.limit <= PAGE:
        raise InvalidRequest(f"limit is 1 to {PAGE}", param="limit")
    if request.cursor is not None:
        place_in(request.cursor)


def filter_of(request: QueryRequests, user_id: str | None) -> Callable[[UsageRecord], bool]:
    """Whether a record is among those asked for; ``user_id`` limits it to one user's, whatever was asked."""
    exact = [
        (name, value)
        for name, value in (
            ("user_id", user_id),
            ("key_id", request.key_id),
            ("model", request.model),
            ("outcome", request.outcome),
            ("error_code", request.error_code),
            ("processor", request.processor),
            ("node", request.node),
            ("request_id", request.request_id),
        )
        if value is not None
    ]
    shortest_ms = request.min_duration_ms

    def fits(record: UsageRecord) -> bool:
        for name, value in exact:
            if getattr(record, name) != value:
                return False
        return shortest_ms is None or record.duration_ms >= shortest_ms

    return fits
