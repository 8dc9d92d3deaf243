from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from covey.domain.csv_text import csv_text


@given(some.lists(some.lists(some.text(max_size=20), min_size=2, max_size=2), min_size=1, max_size=5))
def test_no_cell_is_a_formula_and_every_text_is_read_back(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert cell in (text, f"'{text}")
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@pytest.mark.parametrize("value", [-3, -0.5, 12])
def test_numbers_stay_numbers(value: float) -> None:
    assert csv_text([[value, None]]) == f"{value},\r\n"
