from __future__ import annotations

from pathlib import Path

import pytest

from covey.cli.main import COMMANDS, cli
from tests.helpers.command_line import covey


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_listed_command_exists_and_has_help(name: str, tmp_path: Path) -> None:
    ended = covey(name, "--help", folder=tmp_path)
    assert ended.code == 0
    assert "Usage: covey" in ended.out


def test_help_lists_every_command(tmp_path: Path) -> None:
    ended = covey("--help", folder=tmp_path)
    assert all(name in ended.out for name in COMMANDS)
    assert set(COMMANDS) == set(cli.list_commands(None))  # type: ignore[arg-type]


def test_a_mistyped_command_names_the_nearest_and_exits_with_2(tmp_path: Path) -> None:
    ended = covey("stauts", folder=tmp_path)
    assert ended.code == 2
    assert "Did you mean 'status'?" in ended.err


def test_an_unreachable_service_exits_with_6_and_says_what_to_do(tmp_path: Path) -> None:
    ended = covey("--url", "http://127.0.0.1:9", "--api-key", "x", "ls", folder=tmp_path)
    assert ended.code == 6
    assert "cannot be reached" in ended.err
    assert "covey up" in ended.err
