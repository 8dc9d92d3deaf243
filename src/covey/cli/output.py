"""What commands print: tables for people, JSON, JSON lines and CSV for programs; data on stdout, talk on stderr."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import click

from covey.domain.csv_text import Cell, csv_text

Format = Literal["table", "json", "jsonl", "csv"]
Column = tuple[str, Callable[[dict[str, Any]], Any]]


def show_rows(items: Sequence[dict[str, Any]], columns: Sequence[Column], output: Format) -> None:
    """A list. JSON shows every field of every item, the table the chosen columns."""
    if output == "json":
        click.echo(json.dumps(items, indent=2))
    elif output == "jsonl":
        for item in items:
            click.echo(json.dumps(item))
    elif output == "csv":
        rows = [[_cell(read(item)) for _, read in columns] for item in items]
        _show_csv([[title.lower().replace(" ", "_") for title, _ in columns], *rows])
    else:
        _table([[_text(read(item)) for _, read in columns] for item in items], [title for title, _ in columns])


def show_item(item: dict[str, Any], output: Format, fields: Iterable[tuple[str, Any]] | None = None) -> None:
    """One thing: JSON, or one ``name  value`` line per field."""
    if output == "json":
        click.echo(json.dumps(item, indent=2))
    elif output == "jsonl":
        click.echo(json.dumps(item))
    elif output == "csv":
        chosen = list(fields if fields is not None else flat(item).items())
        _show_csv([[name for name, _ in chosen], [_cell(value) for _, value in chosen]])
    else:
        pairs = [(name, _field(name, value)) for name, value in (fields if fields is not None else item.items())]
        width = max((len(name) for name, _ in pairs), default=0)
        for name, value in pairs:
            click.echo(f"{name:<{width}}  {value}".rstrip())


def flat(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Things within things as one, by dotted names; an empty one stays as a value."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found


def _table(rows: list[list[str]], titles: list[str]) -> None:
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*[cell.replace("[", r"\[") for cell in row])
        Console(highlight=False).print(table)
        return
    widths = [max(len(cell) for cell in column) for column in zip(titles, *rows, strict=True)]
    for line in (titles, *rows):
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def show_pieces(pieces: Iterable[bytes]) -> None:
    """A text that comes in pieces, as it is."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for piece in pieces:
        sys.stdout.write(decode(piece))


def _show_csv(rows: Iterable[Iterable[Cell]]) -> None:
    sys.stdout.write(csv_text(rows))


def _cell(value: Any) -> Cell:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    text = "" if value == "" else _text(value)
    return "" if text == "-" else text


def _field(name: str, value: Any) -> str:
    return moment(value) if name.endswith("_at") and isinstance(value, int | float) else _text(value)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value) or "-"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    return "".join(character if character.isprintable() else "�" for character in str(value))


def moment(seconds: float | None) -> str:
    """A time in UTC to the second; ``-`` for none."""
    if not seconds:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def size(count: float | None) -> str:
    """Bytes with a decimal unit."""
    if count is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def talk(message: str) -> None:
    """A line for the person, not part of the data."""
    click.echo(message, err=True)
