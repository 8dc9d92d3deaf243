"""Gateways are killed between the usage log and the totals: the totals hold what is in the log all the same."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from covey.errors import CoveyError
from covey.protocol.ids import InstanceId
from covey.protocol.subjects import LOG_USAGE
from covey.runtime.clock import SystemClock
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.gateway.usage_rows import MARKS
from tests.helpers.nats import running_nats_server
from tests.helpers.stores import nats_store
from tests.helpers.usage_writer import UsageWriter, used_by, writer_on

ROOT = Path(__file__).resolve().parents[2]
USERS = ("usr_ada", "usr_bob", "usr_eve")
NIGHT = 1_769_903_999.0
"""A second before midnight UTC."""


class Killed(BaseException):
    """The process ends here: nothing after it happens."""


class Executioner:
    """Kills at the given write, just before it is made or just after."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, name: str, key: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


async def use_until_killed(writer: UsageWriter, clock: ManualClock, numbers: Any) -> None:
    try:
        await writer.open()
        for _ in range(4):
            for user in USERS:
                writer.use(user, next(numbers), clock.now())
            clock.advance(11.0)
            await writer.flush()
    except Killed:
        return
    raise AssertionError("it was never killed")


@pytest.mark.parametrize("kill_at", range(20))
async def test_wherever_a_gateway_is_killed_the_totals_are_what_the_log_has(tmp_path: Path, kill_at: int) -> None:
    clock = ManualClock(NIGHT)
    store = MemoryStore(clock)
    log = await store.log(LOG_USAGE)
    numbers = iter(range(1, 1000))
    try:
        victim = await writer_on(store, "gateway-1", tmp_path / "1", clock, Executioner(kill_at))
        await use_until_killed(victim, clock, numbers)
        heir = await writer_on(store, "gateway-2", tmp_path / "2", clock)
        await heir.open()
        assert await heir.totals() == await used_by(log)
        # The next one is killed too, perhaps while it completes what the first one left.
        second = await writer_on(store, "gateway-3", tmp_path / "3", clock, Executioner(kill_at // 2))
        await use_until_killed(second, clock, numbers)
        for _ in range(2):
            await heir.recovery.run()
            assert await heir.totals() == await used_by(log)
    finally:
        await store.stop()


async def test_gateways_that_complete_the_same_totals_at_the_same_time_count_once(tmp_path: Path) -> None:
    clock = ManualClock(NIGHT)
    store = MemoryStore(clock)
    log = await store.log(LOG_USAGE)
    try:
        victim = await writer_on(store, "gateway-0", tmp_path / "0", clock, Executioner(3))
        await use_until_killed(victim, clock, iter(range(1, 100)))
        heirs = [await writer_on(store, f"gateway-{n}", tmp_path / str(n), clock) for n in range(1, 5)]
        await asyncio.gather(*(heir.open() for heir in heirs))
        for heir in heirs:
            heir.alive = tuple(other.instance for other in heirs)
        await asyncio.gather(*(heir.recovery.run() for heir in heirs), return_exceptions=True)
        assert sum((await used_by(log)).values()) > 0
        assert await heirs[0].totals() == await used_by(log)
    finally:
        await store.stop()


async def test_a_gateway_that_was_given_up_and_lives_is_counted_once(tmp_path: Path) -> None:
    clock = ManualClock(NIGHT)
    store = MemoryStore(clock)
    log = await store.log(LOG_USAGE)
    try:
        frozen = await writer_on(store, "gateway-1", tmp_path / "1", clock)
        await frozen.open()
        for number in range(1, 4):
            frozen.use("usr_ada", number, clock.now())
            frozen.writer.put(frozen.meter.entry(*next(frozen.queue.take())))
        await frozen.writer.flush()  # in the log, and in no totals yet
        heir = await writer_on(store, "gateway-2", tmp_path / "2", clock)
        await heir.open()
        assert await heir.recovery.run() == 0  # its start did it all
        assert await heir.totals() == {"usr_ada": 6}
        frozen.use("usr_ada", 4, clock.now())
        clock.advance(11.0)
        await frozen.flush()
        assert await heir.totals() == {"usr_ada": 10} == await used_by(log)
        bucket = await store.bucket("gateway")
        marks = [entry.key for entry in await bucket.range(MARKS)]
        assert f"{MARKS}.{frozen.meter.name}" in marks
        heir.alive = (InstanceId("gateway-1"),)
        await heir.recovery.run()
        assert [entry.key for entry in await bucket.range(MARKS)] == marks
    finally:
        await store.stop()


async def test_what_a_killed_gateway_left_on_disk_is_counted_once_though_the_log_had_it(tmp_path: Path) -> None:
    clock = ManualClock(NIGHT)
    store = MemoryStore(clock)
    log = await store.log(LOG_USAGE)
    try:
        lying = await writer_on(store, "gateway-1", tmp_path, clock)
        await lying.open()
        log_append = log.append_many

        async def stored_but_not_told(records: Any) -> Any:
            await log_append(records)
            raise CoveyError

        lying.use("usr_ada", 5, clock.now())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lying.writer, "_log", _Appending(log, stored_but_not_told))
            await lying.flush()
        await lying._spill.close()  # the lock goes with the process
        heir = await writer_on(store, "gateway-2", tmp_path, clock)
        await heir.open()
        assert await heir.totals() == {"usr_ada": 5}
        clock.advance(1000.0)  # the log no longer knows that it has it
        await heir.flush()
        assert await heir.totals() == {"usr_ada": 5}
        assert len(await log.read()) == 2
    finally:
        await store.stop()


class _Appending:
    """A log with another way of appending."""

    def __init__(self, log: Any, append_many: Any) -> None:
        self.name = log.name
        self.append_many = append_many


@pytest.mark.nats
@pytest.mark.parametrize("round_", [1, 2, 5])
async def test_a_process_killed_between_log_and_totals_misses_nothing(tmp_path: Path, round_: int) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server) as store:
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.helpers.usage_writer", server.url, str(tmp_path / "victim"), str(round_),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        )  # fmt: skip
        _, said = await asyncio.wait_for(victim.communicate(), 60)
        assert victim.returncode == -signal.SIGKILL, said.decode()
        log = await store.log(LOG_USAGE)
        used = await used_by(log)
        heir = await writer_on(store, "gateway-heir", tmp_path / "heir", SystemClock())
        assert await heir.totals() != used
        await heir.open()
        assert await heir.totals() == used
        assert used
