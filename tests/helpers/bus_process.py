"""A process of its own that serves the test's service: something to kill, freeze and let go on.

``python -m tests.helpers.bus_process <url> <instance>``
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.bus_services import Counter
from tests.helpers.nats_buses import running_bus

ROOT = Path(__file__).resolve().parents[2]


class BusProcess:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def bus_process(url: str, instance: str) -> Iterator[BusProcess]:
    command = [sys.executable, "-m", "tests.helpers.bus_process", url, instance]
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield BusProcess(process)
    finally:
        process.kill()
        process.wait()


async def serve(url: str, instance: str) -> None:
    async with running_bus(url, "gateway", instance) as bus:
        counter = Counter(instance)
        await bus.node.serve(counter, counter.info)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
