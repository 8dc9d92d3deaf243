from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from covey.errors import StartFailed
from covey.facilities.logging import LogConfig, Logging, LogWriter, RotatingFile, mask, render_text


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


async def test_events_and_errors_land_in_their_files_as_json_lines(tmp_path: Path) -> None:
    facility = Logging(LogConfig(directory=str(tmp_path), terminal="off"))
    await facility.start()
    log = structlog.get_logger("test")
    log.info("request_ended", request_id="req_1", status=200)
    log.debug("not_written")
    try:
        raise ValueError("boom")
    except ValueError:
        log.exception("handler_failed", request_id="req_2")
    logging.getLogger("some.library").warning("told by a library")
    await facility.stop()

    events = lines_of(tmp_path / "event.log")
    assert [event["event"] for event in events] == ["request_ended", "handler_failed", "told by a library"]
    assert events[0]["request_id"] == "req_1"
    assert events[0]["level"] == "info"
    errors = lines_of(tmp_path / "error.log")
    assert [event["event"] for event in errors] == ["handler_failed"]
    assert "ValueError: boom" in errors[0]["traceback"]


@pytest.mark.parametrize("name", ["password", "access_token", "prompt", "credential", "api_secret"])
def test_a_field_with_a_telling_name_is_masked(name: str) -> None:
    assert mask({name: "canary"})[name] == "[masked]"


@pytest.mark.parametrize(
    "value", ["sk-covey-abc123", "join-covey-lJ-_x", "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiJ4In0.c2ln"]
)
def test_a_value_that_looks_like_a_credential_is_masked_anywhere(value: str) -> None:
    event = mask({"detail": f"refused {value} here"})
    assert value not in event["detail"]
    assert "[masked]" in event["detail"]


def test_counts_of_tokens_are_not_masked() -> None:
    assert mask({"completion_tokens": 7, "tokens_per_s": 3.5}) == {"completion_tokens": 7, "tokens_per_s": 3.5}


def test_a_file_is_rotated_before_it_grows_past_its_size_and_old_ones_go(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "event.log", max_bytes=100, kept=2)
    for number in range(10):
        file.write(f"{number}".encode() * 60)
    file.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["event.log", "event.log.1", "event.log.2"]
    assert (tmp_path / "event.log").read_bytes() == b"9" * 60
    assert (tmp_path / "event.log.2").read_bytes() == b"7" * 60


def test_processes_that_share_a_file_move_it_away_once_and_lose_nothing(tmp_path: Path) -> None:
    files = [RotatingFile(tmp_path / "event.log", max_bytes=100, kept=9) for _ in range(3)]
    for number in range(12):
        files[number % 3].write(f"{number:02}".encode() * 15)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["event.log", "event.log.1", "event.log.2", "event.log.3"]
    assert all((tmp_path / name).stat().st_size == 90 for name in names)
    for file in files:
        file.close()


def test_a_file_that_somebody_else_moved_away_is_begun_anew(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "event.log", max_bytes=100, kept=2)
    file.write(b"before")
    (tmp_path / "event.log").rename(tmp_path / "moved")
    file.write(b"after")
    file.close()
    assert ((tmp_path / "moved").read_bytes(), (tmp_path / "event.log").read_bytes()) == (b"before", b"after")


def test_g7_a_full_disk_costs_lines_and_not_service(tmp_path: Path) -> None:
    (tmp_path / "event.log").symlink_to("/dev/full")
    writer = LogWriter(LogConfig(directory=str(tmp_path), terminal="off"))
    writer.start()
    for _ in range(5):
        writer.put({"event": "still_alive", "level": "info"})
    writer.stop()
    assert writer.dropped_lines == 5


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write nearly everywhere
    with pytest.raises(StartFailed, match=str(tmp_path)) as caught:
        await Logging(LogConfig(directory=str(tmp_path), terminal="off")).start()
    assert caught.value.param == "log.directory"


def test_a_full_queue_drops_and_counts_instead_of_blocking() -> None:
    writer = LogWriter(LogConfig(directory="", terminal="off", queue_lines=2))
    for _ in range(5):
        writer.put({"event": "x"})
    assert writer.dropped_lines == 3


def test_terminal_lines_are_readable_and_plain_without_a_terminal() -> None:
    event = {"at": "2026-01-31T10:11:12.345Z", "level": "warning", "event": "queue_full", "model": "m"}
    assert render_text(event, colour=False) == "10:11:12.345 warning queue_full  model=m"


def test_a_closed_terminal_does_not_stop_the_writer() -> None:
    stream = io.StringIO()
    stream.close()
    writer = LogWriter(LogConfig(directory=""), stream=stream)
    writer.start()
    writer.put({"event": "x", "level": "info"})
    writer.stop()
    assert writer.dropped_lines == 1


async def test_a_log_directory_that_cannot_be_made_fails_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    facility = Logging(LogConfig(directory=str(tmp_path / "file" / "logs"), terminal="off"))
    with pytest.raises(StartFailed):
        await facility.start()
    await facility.stop()
