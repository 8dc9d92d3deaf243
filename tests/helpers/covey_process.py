"""Covey as its own processes, for end-to-end tests: started, awaited, killed by id, and always ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.helpers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = {"name": "sample", "models": ["sample"], "tokens": 24, "slots": 4}
PASSWORD = "a long enough phrase"
WORKERS = ("auth", "processor", "gateway", "client", "bridge")


@dataclass
class CoveyProcess:
    """One ``covey up``. Its standard output is read along, so that it never blocks."""

    arguments: list[str]
    environment: dict[str, str]
    command: tuple[str, ...] = ("up",)
    lines: list[str] = field(default_factory=list)

    def start(self, *, wait_s: float = 30.0) -> None:
        self.lines.clear()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "covey", *self.command, *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **self.environment},
        )  # fmt: skip
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(wait_s)
        if not any("Covey is up" in line for line in self.lines):
            self.stop()
            raise AssertionError("covey did not come up:\n" + "".join(self.lines))

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.lines.append(line)
            if "Ctrl-C stops" in line or "Covey is up: " in line and "http" not in line:
                self._ready.set()
        self._ready.set()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def url(self) -> str:
        return next(match[1] for line in self.lines if (match := re.search(r"Covey is up: (http\S+)", line)))

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def kill(self) -> None:
        """As a crash does: no chance to clean up."""
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(10)
        self._close()

    def stop(self, *, wait_s: float = 20.0) -> int:
        """Ask it to end, and see that it did; its exit code."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            code = self._child.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(10)
            raise AssertionError("covey did not stop in time:\n" + "".join(self.lines)) from None
        self._close()
        return code

    def _close(self) -> None:
        self._reader.join(5)
        assert self._child.stdout is not None
        self._child.stdout.close()


def settings(folder: Path, **values: Any) -> list[str]:
    """Arguments of a node that is on its own: own folders, free ports, the sample engine."""
    given = {
        "engines.sample": [SAMPLE], "metrics.enabled": False, "log.terminal": "text", "node.drain_timeout_s": 3,
        "auth.minimum_password_bytes": None, **values,
    }  # fmt: skip
    arguments = ["--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs")]
    for path, value in given.items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            arguments += ["--set", f"{path}={text}"]
    return arguments


@contextmanager
def one_process(folder: Path, *extra: str, **values: Any) -> Iterator[CoveyProcess]:
    """Everything in one process, on a free port."""
    node = CoveyProcess([*settings(folder, **values), "--port", "0", *extra], {})
    node.start()
    try:
        yield node
    finally:
        node.stop()


@dataclass
class ManyProcesses:
    """Each worker in a process of its own, over a nats-server of a further one."""

    mesh: CoveyProcess
    workers: dict[str, CoveyProcess]

    @property
    def url(self) -> str:
        return self.workers["bridge"].url


@contextmanager
def many_processes(folder: Path, roles: Sequence[str] = WORKERS, **values: Any) -> Iterator[ManyProcesses]:
    port, bridge_port = free_port(), free_port()
    with ExitStack() as stack:

        def started(arguments: list[str]) -> CoveyProcess:
            process = CoveyProcess([*settings(folder, **values), *arguments], {})
            process.start()
            stack.callback(process.stop)
            return process

        mesh = started(["--role", "mesh", "--set", f"mesh.server.port={port}"])
        url = f"nats://127.0.0.1:{port}"
        workers = {role: started(["--role", role, "--nats-url", url, "--port", str(bridge_port)]) for role in roles}
        yield ManyProcesses(mesh, workers)


def eventually_true(condition: Any, *, timeout_s: float = 15.0, what: str = "it") -> None:
    """Poll from a plain thread; end-to-end tests have no event loop."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true in {timeout_s} s"
        pause.wait(0.05)
