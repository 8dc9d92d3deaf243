from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from prometheus_client import CollectorRegistry

from covey.errors import StoreCorrupt, TooManyAttempts
from covey.testing.eventually import eventually
from covey.workers.auth.config import PasswordHashConfig
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.password_hashing import PasswordHashing, slots_for, stand_in_for

CHEAP = PasswordHashConfig(time_cost=1, memory_kib=8, concurrency=1, max_waiting=2)


@pytest.fixture
async def hashing() -> AsyncIterator[PasswordHashing]:
    made = PasswordHashing(CHEAP, AuthMetrics(CollectorRegistry()))
    yield made
    await made.close()


async def test_a_password_is_verified_by_its_hash_only(hashing: PasswordHashing) -> None:
    password_hash = await hashing.hash("pässword")
    assert password_hash.startswith("$argon2id$")
    assert await hashing.verify(password_hash, "pässword")
    assert not await hashing.verify(password_hash, "password")
    assert await hashing.hash("pässword") != password_hash


async def test_no_account_is_never_right(hashing: PasswordHashing) -> None:
    assert not await hashing.verify(None, "")


def test_what_stands_for_no_account_is_the_same_work() -> None:
    hasher = PasswordHasher(2, 16, 1)
    stand_in = stand_in_for(hasher)
    assert extract_parameters(stand_in) == extract_parameters(hasher.hash("x"))
    assert len(stand_in) == len(hasher.hash("x"))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(stand_in, "x")
    assert stand_in_for(hasher) != stand_in


async def test_a_damaged_hash_is_named_as_damage(hashing: PasswordHashing) -> None:
    for damaged in ("", "$argon2id$", "plain text", "$argon2id$v=19$m=8,t=1,p=1$x$y"):
        with pytest.raises(StoreCorrupt):
            await hashing.verify(damaged, "password")


async def test_a_hash_of_other_parameters_is_outdated(hashing: PasswordHashing) -> None:
    assert not hashing.is_outdated(await hashing.hash("x"))
    assert hashing.is_outdated(PasswordHasher(2, 8, 1).hash("x"))


class Blocked:
    """Holds every verification until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = 0
        self._go = threading.Event()
        monkeypatch.setattr(PasswordHasher, "verify", self._verify)

    def _verify(self, password_hash: str, password: str) -> bool:
        self.entered += 1
        return self._go.wait(10.0)

    def let_go(self) -> None:
        self._go.set()


async def test_the_queue_is_bounded_and_says_when_to_come_back(
    hashing: PasswordHashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = Blocked(monkeypatch)
    tasks = [asyncio.create_task(hashing.verify(None, "x")) for _ in range(3)]
    await eventually(lambda: blocked.entered == 1 and hashing.waiting == 2)
    with pytest.raises(TooManyAttempts) as caught:
        await hashing.verify(None, "x")
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s >= 1.0
    blocked.let_go()
    await asyncio.gather(*tasks)
    assert blocked.entered == 3
    assert hashing.waiting == 0


async def test_a_caller_that_leaves_does_not_free_the_thread_that_works_for_it(
    hashing: PasswordHashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = Blocked(monkeypatch)
    first = asyncio.create_task(hashing.verify(None, "x"))
    await eventually(lambda: blocked.entered == 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(hashing.verify(None, "x"))
    await eventually(lambda: hashing.waiting == 1)
    assert blocked.entered == 1
    blocked.let_go()
    assert not await second
    assert blocked.entered == 2


async def test_a_waiter_that_leaves_makes_room(hashing: PasswordHashing, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = Blocked(monkeypatch)
    tasks = [asyncio.create_task(hashing.verify(None, "x")) for _ in range(3)]
    await eventually(lambda: hashing.waiting == 2)
    tasks[2].cancel()
    await asyncio.gather(tasks[2], return_exceptions=True)
    assert hashing.waiting == 1
    blocked.let_go()
    await asyncio.gather(*tasks[:2])


def test_there_are_never_more_threads_than_cores() -> None:
    cores = os.cpu_count() or 1
    assert 1 <= slots_for(0) <= max(1, cores // 2)
    assert slots_for(10_000) <= cores
    assert slots_for(1) == 1
