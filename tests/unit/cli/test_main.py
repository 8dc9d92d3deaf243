from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import covey as package
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


def python(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    return subprocess.run([sys.executable, *arguments], stdout=stdout, env=environment, text=True, check=False)


def test_a_reader_that_went_away_is_no_failure(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = python("-m", "covey", "--config-dir", str(tmp_path), "context", "list", stdout=writer)
    finally:
        os.close(writer)
    assert ended.returncode == 141


def test_help_loads_nothing_that_takes_time() -> None:
    heavy = {"asyncio", "msgspec", "nats", "prompt_toolkit", "rich", "structlog", "urllib3", "uvicorn"}
    program = "import covey.cli.main, sys; print(*sys.modules)"
    assert heavy.isdisjoint(python("-c", program).stdout.split())
