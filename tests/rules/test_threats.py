"""The page of threats names every row, and only tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.rules.source import ROOT, TESTS, python_files

ROWS = {"A": 18, "B": 11, "C": 18, "D": 22, "N": 20}
UNTESTED = {"D15", "D17"}
"""Rows that nothing exists for yet; the page says why."""
IN_THE_BROWSER = {"D8", "D9"}
"""Rows whose tests are files of the web interface, run in a real browser."""
PAGE = (ROOT / "docs" / "threats.md").read_text()


def table() -> dict[str, str]:
    """Row → its line."""
    return {found[1]: line for line in PAGE.splitlines() if (found := re.match(r"\| ([A-Z]\d+) \|", line))}


def existing_tests() -> set[str]:
    return {name for path in python_files(TESTS) for name in re.findall(r"def (test_\w+)", path.read_text())}


@pytest.mark.parametrize("letter", ROWS)
def test_every_row_is_on_the_page_once(letter: str) -> None:
    found = [row for row in re.findall(r"^\| ([A-Z]\d+) \|", PAGE, re.MULTILINE) if row[0] == letter]
    assert found == [f"{letter}{number}" for number in range(1, ROWS[letter] + 1)]


def test_every_named_test_exists_and_is_named_after_its_row() -> None:
    there = existing_tests()
    for row, line in table().items():
        named = re.findall(r"`(test_\w+)`", line)
        assert [name for name in named if name not in there] == [], row
        assert [name for name in named if not name.startswith(f"test_{row.lower()}_")] == [], row


def test_a_row_without_a_test_says_so_and_why() -> None:
    without = {row for row, line in table().items() if "`test_" not in line and "`web/" not in line}
    assert without == UNTESTED
    reasons = PAGE.partition("## Not covered")[2]
    assert [row for row in without if row not in reasons] == []


def test_rows_of_the_browser_name_files_that_exist() -> None:
    named = {row: re.findall(r"`(web/[^`]+)`", line) for row, line in table().items() if "`web/" in line}
    assert named.keys() == IN_THE_BROWSER
    assert [name for names in named.values() for name in names if not (ROOT / name).is_file()] == []
