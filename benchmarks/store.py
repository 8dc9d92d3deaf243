"""The store facility beside a bare nats-py client, on the same server in the same run.

    python benchmarks/store.py [--seconds 1.0] [--callers 32] [--keys 1000]

Each operation is measured on both for the same time, in turn; what counts is the ratio. The server writes to disk
before it acknowledges (``sync_interval: always``). The bare client reads as it does by default, directly.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.js.api import KeyValueConfig, StorageType

from covey.facilities.nats_store import NatsStore

VALUE = b"v" * 256
PORT = 14_555


class Connection:
    """What the store needs of a connection."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Nothing is restarted here."""


async def rate(call: Callable[[], Awaitable[object]], *, seconds: float, callers: int) -> tuple[float, float]:
    """Calls per second by ``callers`` at once, and the median time of one, in milliseconds."""
    end = time.perf_counter() + seconds
    times: list[float] = []

    async def work() -> None:
        while (start := time.perf_counter()) < end:
            await call()
            times.append(time.perf_counter() - start)

    await asyncio.gather(*(work() for _ in range(callers)))
    return len(times) / seconds, sorted(times)[len(times) // 2] * 1000


async def measure(url: str, *, seconds: float, callers: int, keys: int) -> None:
    ours, theirs = await nats.connect(url), await nats.connect(url)
    store = NatsStore(Connection(ours))
    await store.start()
    bucket = await store.bucket("ours")
    bare = await theirs.jetstream().create_key_value(
        KeyValueConfig(bucket="theirs", storage=StorageType.FILE, history=1, max_bytes=-1)
    )
    for number in range(keys):
        await asyncio.gather(bucket.put(f"list.{number}", VALUE), bare.put(f"list.{number}", VALUE))
    numbers = itertools.count()

    async def bare_list() -> None:
        for key in await bare.keys():
            if key.startswith("list."):
                await bare.get(key)

    rows: list[tuple[str, Callable[[], Awaitable[object]], Callable[[], Awaitable[object]], int]] = [
        ("get", lambda: bucket.get("list.7"), lambda: bare.get("list.7"), callers),
        ("get, one caller", lambda: bucket.get("list.7"), lambda: bare.get("list.7"), 1),
        ("put", lambda: bucket.put("one", VALUE), lambda: bare.put("one", VALUE), callers),
        ("put, one caller", lambda: bucket.put("one", VALUE), lambda: bare.put("one", VALUE), 1),
        (
            "create",
            lambda: bucket.create(f"new.{next(numbers)}", VALUE),
            lambda: bare.create(f"new.{next(numbers)}", VALUE),
            callers,
        ),
        (f"range of {keys}", lambda: bucket.range("list"), bare_list, 1),
    ]
    print(f"{'':20}{'covey /s':>12}{'p50 ms':>9}{'bare /s':>12}{'p50 ms':>9}{'ratio':>8}")
    for name, mine, other, many in rows:
        here, here_ms = await rate(mine, seconds=seconds, callers=many)
        there, there_ms = await rate(other, seconds=seconds, callers=many)
        print(f"{name:20}{here:12,.0f}{here_ms:9.2f}{there:12,.0f}{there_ms:9.2f}{here / there:8.2f}")
    await store.stop()
    await ours.close()
    await theirs.close()


def wait_for_port() -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
            return
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--keys", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "nats.conf"
        configuration.write_text(
            f'listen: "127.0.0.1:{PORT}"\njetstream {{ store_dir: "{folder}", sync_interval: always }}\n'
        )
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen([str(binary), "-c", str(configuration)], stderr=log)
        try:
            wait_for_port()
            asyncio.run(
                measure(f"nats://127.0.0.1:{PORT}", seconds=given.seconds, callers=given.callers, keys=given.keys)
            )
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
