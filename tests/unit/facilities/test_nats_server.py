"""What needs no running server: ports, the lock, the reading of its log. The rest is in tests/faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import structlog

from covey.errors import StartFailed, StoreUnavailable
from covey.facilities.nats_configuration import JoinConfig, NatsServerConfig
from covey.facilities.nats_server import NatsServer, lock_directory


def test_second_lock_on_a_directory_is_refused(tmp_path: Path) -> None:
    first = lock_directory(tmp_path)
    with pytest.raises(StartFailed, match="another Covey"):
        lock_directory(tmp_path)
    os.close(first)
    os.close(lock_directory(tmp_path))


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("[12] [INF] Server is ready", "debug", "Server is ready"),
        ("[WRN] Slow", "warning", "Slow"),
        ("[12] [ERR] Subscription Violation", "error", "Subscription Violation"),
        ("[12] [FTL] no", "critical", "no"),
    ],
)
def test_line_of_the_server_is_logged_at_its_level(tmp_path: Path, line: str, level: str, text: str) -> None:
    server = NatsServer(NatsServerConfig(), tmp_path)
    with structlog.testing.capture_logs() as logs:
        server._log = structlog.get_logger()
        server._on_line("stderr", line)
    assert logs == [{"event": "nats_server_said", "log_level": level, "line": text}]


@pytest.mark.parametrize("line", ["[12] [DBG] x", "[12] [TRC] <<- [MSG_PAYLOAD: secret]", "stray"])
def test_debug_and_trace_lines_are_dropped(tmp_path: Path, line: str) -> None:
    server = NatsServer(NatsServerConfig(), tmp_path)
    with structlog.testing.capture_logs() as logs:
        server._log = structlog.get_logger()
        server._on_line("stderr", line)
    assert logs == []


async def test_server_that_was_not_started_is_not_well_and_stops_at_once(tmp_path: Path) -> None:
    server = NatsServer(NatsServerConfig(), tmp_path)
    with pytest.raises(StoreUnavailable):
        await server.check()
    await server.stop()


def test_a_relative_data_directory_is_told_to_the_server_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    launch = NatsServer(NatsServerConfig(), Path("data/mesh"))._launch()
    assert launch.directory == tmp_path / "data" / "mesh"
    assert launch.command[-1] == str(tmp_path / "data" / "mesh" / "nats.conf")


async def test_strangers_who_knock_are_one_line_for_many(tmp_path: Path) -> None:
    server = NatsServer(NatsServerConfig(), tmp_path)
    with structlog.testing.capture_logs() as logs:
        server._log = structlog.get_logger()
        for number in range(50):
            server._on_line("stderr", f"[1] [ERR] 192.0.2.1:{number} - cid:{number} - authentication error")
            server._on_line("stderr", f"[1] [ERR] 192.0.2.1:{number} - cid:{number} - TLS handshake error: EOF")
        server._on_line("stderr", "[1] [ERR] something else")
    assert [(line["event"], line["log_level"], line.get("times")) for line in logs] == [
        ("nats_server_refused", "warning", 1),
        ("nats_server_said", "error", None),
    ]
    assert server._strangers == 99


@pytest.mark.parametrize("address", ["", "127.0.0.1:0", "0.0.0.0:0", "[::1]:0"])
def test_workers_of_this_machine_are_told_where_to_connect(tmp_path: Path, address: str) -> None:
    server = NatsServer(NatsServerConfig(join=JoinConfig(address=address)), tmp_path)
    assert server.accepts_machines == (address != "")
    expected = {"": "nats://127.0.0.1:0", "[::1]:0": "tls://[::1]:0"}
    assert server.url == expected.get(address, "tls://127.0.0.1:0")
