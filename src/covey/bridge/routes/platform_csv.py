"""Operations whose lists can be had as CSV: who wants that, and how they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from covey.bridge.csv_tables import CONTENT_TYPE, CsvTable
from covey.bridge.exchange import Exchange
from covey.errors import CoveyError, InvalidRequest

ROWS_AT_ONCE = 500
FORMATS = ("json", "csv")
FORMAT_PARAMETER = {
    "name": "format",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": list(FORMATS), "default": "json"},
    "description": "`csv`, also by `Accept: text/csv`: a table for spreadsheets; without `limit` it holds everything.",
}


def chosen_table(table: CsvTable, exchange: Exchange, values: dict[str, Any]) -> CsvTable | None:
    """``table`` when CSV is wanted: by ``format=csv``, which is taken out of ``values``, or by ``Accept: text/csv``.

    Raises InvalidRequest for another format.
    """
    wanted = values.pop("format", None)
    if wanted is not None:
        if wanted not in FORMATS:
            raise InvalidRequest(f"format is {' or '.join(FORMATS)}", param="format")
        return table if wanted == "csv" else None
    first = (exchange.text_header(b"accept") or "").split(",")[0]
    return table if first.partition(";")[0].strip().lower() == "text/csv" else None


async def respond_csv(
    table: CsvTable, exchange: Exchange, read: Callable[[Any], Awaitable[Any]], request: Any, *, whole: bool
) -> None:
    """The rows as they are read. ``whole``: page after page to the end, otherwise the page that was asked for.

    What fails after the beginning breaks the connection off, so that nobody takes a part for the whole.
    """
    whole = whole and table.page is not None
    if whole:
        request = msgspec.structs.replace(request, limit=table.page)
    response = await read(request)
    disposition = f'attachment; filename="{table.file_name}"'.encode()
    await exchange.begin(200, CONTENT_TYPE, [(b"content-disposition", disposition), (b"vary", b"accept")])
    await exchange.write(table.head())
    try:
        while True:
            for begin in range(0, len(response.items), ROWS_AT_ONCE):
                await exchange.write(table.rows(response.items[begin : begin + ROWS_AT_ONCE]))
            if not whole or response.next is None:
                break
            response = await read(msgspec.structs.replace(request, cursor=response.next))
    except CoveyError as error:
        exchange.outcome = error.code
        return
    await exchange.end()
