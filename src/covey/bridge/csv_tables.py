"""Which lists can be had as CSV, and which columns they have then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from covey.domain.csv_text import Cell, csv_text

CONTENT_TYPE = b"text/csv; charset=utf-8; header=present"


@dataclass(frozen=True, slots=True)
class CsvTable:
    """How the answer of one operation looks as a table."""

    file_name: str
    columns: tuple[tuple[str, Callable[[Any], Cell]], ...]
    """Of one item of the answer's ``items``."""
    page: int | None = None
    """So many items are asked for at a time, page after page; None: the answer has no pages."""

    def head(self) -> bytes:
        return csv_text([[name for name, _ in self.columns]]).encode()

    def rows(self, items: Iterable[Any]) -> bytes:
        return csv_text([read(item) for _, read in self.columns] for item in items).encode()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


TABLES: dict[str, CsvTable] = {
    "usage.query": CsvTable(
        "covey-usage.csv",
        (
            ("day", lambda row: row.day),
            ("model", lambda row: row.model),
            ("user_id", lambda row: row.user_id),
            ("username", lambda row: row.username),
            ("key_id", lambda row: row.key_id),
            ("key_name", lambda row: row.key_name),
            ("requests", lambda row: row.totals.requests),
            ("prompt_tokens", lambda row: row.totals.prompt_tokens),
            ("completion_tokens", lambda row: row.totals.completion_tokens),
            ("failed", lambda row: row.totals.failed),
            ("cancelled", lambda row: row.totals.cancelled),
        ),
    ),
    "requests.query": CsvTable(
        "covey-requests.csv",
        (
            ("at", lambda item: _moment(item.record.at)),
            ("request_id", lambda item: item.record.request_id),
            ("user_id", lambda item: item.record.user_id),
            ("username", lambda item: item.username),
            ("key_id", lambda item: item.record.key_id),
            ("key_name", lambda item: item.key_name),
            ("model", lambda item: item.record.model),
            ("kind", lambda item: item.record.kind),
            ("outcome", lambda item: item.record.outcome),
            ("error_code", lambda item: item.record.error_code),
            ("prompt_tokens", lambda item: item.record.prompt_tokens),
            ("completion_tokens", lambda item: item.record.completion_tokens),
            ("estimated", lambda item: "yes" if item.record.estimated else "no"),
            ("queue_ms", lambda item: _rounded(item.record.queue_ms)),
            ("first_token_ms", lambda item: _rounded(item.record.first_token_ms)),
            ("duration_ms", lambda item: _rounded(item.record.duration_ms)),
            ("node", lambda item: item.record.node),
            ("processor", lambda item: item.record.processor),
        ),
        page=500,
    ),
}
"""Operation → its table."""
