from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from covey.cli.output import Column, show_item, show_pieces, show_rows

ITEMS: list[dict[str, Any]] = [{"name": "=1+1", "models": ["a", "b"], "count": 3, "gone": None, "open": True}]
COLUMNS: list[Column] = [
    ("NAME", lambda item: item["name"]),
    ("MODELS", lambda item: item["models"]),
    ("HOW MANY", lambda item: item["count"]),
    ("GONE", lambda item: item["gone"]),
    ("OPEN", lambda item: item["open"]),
]


def test_csv_has_the_columns_of_the_table_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ITEMS, COLUMNS, "csv")
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["name", "models", "how_many", "gone", "open"], ["'=1+1", "a, b", "3", "", "yes"]]


def test_one_thing_as_csv_is_a_head_and_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    show_item({"name": "x", "count": 3}, "csv")
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["name", "count"], ["x", "3"]]


def test_json_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ITEMS, COLUMNS, "json")
    assert json.loads(capsys.readouterr().out) == ITEMS
    show_rows(ITEMS, COLUMNS, "jsonl")
    assert json.loads(capsys.readouterr().out) == ITEMS[0]


def test_pieces_may_divide_a_character(capsys: pytest.CaptureFixture[str]) -> None:
    text = "day,m\r\n2026-01-31,größe\r\n".encode()
    show_pieces([text[:22], text[22:]])
    assert capsys.readouterr().out.encode() == text


def test_csv_of_things_within_things_has_dotted_names(capsys: pytest.CaptureFixture[str]) -> None:
    show_item({"key": {"id": "key_1", "models": None, "limits": {}}, "names": [], "secret": "s"}, "csv")
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["key.id", "key.models", "key.limits", "names", "secret"], ["key_1", "", "{}", "", "s"]]


def test_whole_numbers_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_item({"retention_s": 34128000.0, "epsilon": 1e-05, "share": 0.123456}, "table")
    assert capsys.readouterr().out.split() == ["retention_s", "34128000", "epsilon", "1e-05", "share", "0.1235"]
