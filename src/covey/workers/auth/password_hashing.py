"""Argon2id in threads: a few at a time, a bounded number waiting, and the same work whether the account exists."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

from covey.errors import StoreCorrupt, TooManyAttempts
from covey.workers.auth.config import PasswordHashConfig
from covey.workers.auth.metrics import AuthMetrics, HashKind

ResultT = TypeVar("ResultT")

NICENESS = 5
"""Hashing threads give way to everything else in the process; Linux has this per thread."""


class PasswordHashing:
    """Makes and verifies password hashes. Open for as long as the worker serves; :meth:`close` frees the threads."""

    def __init__(self, config: PasswordHashConfig, metrics: AuthMetrics) -> None:
        self._metrics = metrics
        self._hasher = PasswordHasher(
            time_cost=config.time_cost, memory_cost=config.memory_kib, parallelism=config.parallelism
        )
        self.slots = slots_for(config.concurrency)
        self._max_waiting = config.max_waiting
        self._free = asyncio.Semaphore(self.slots)
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="password", initializer=_give_way)
        self._running: set[asyncio.Future[Any]] = set()
        self._stand_in = stand_in_for(self._hasher)
        self.waiting = 0
        """How many wait for their turn."""
        self._typical_s = 0.1

    async def hash(self, password: str) -> str:
        """A new hash with a new salt. Raises TooManyAttempts when too many wait."""
        return await self._run("hash", lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; None stands for no account: the same work, and False.

        Raises TooManyAttempts when too many wait.
        """
        known = password_hash if password_hash is not None else self._stand_in
        matches = await self._run("verify", lambda: self._matches(known, password))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def close(self) -> None:
        """Wait for what runs; threads cannot be stopped. Safe twice."""
        if self._running:
            await asyncio.wait(self._running)
        self._threads.shutdown(wait=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, Argon2Error) as error:
            raise StoreCorrupt("a password hash cannot be read") from error

    async def _run(self, kind: HashKind, work: Callable[[], ResultT]) -> ResultT:
        if self._free.locked() and self.waiting >= self._max_waiting:
            self._metrics.hash_refused()
            wait_s = max(1.0, self.waiting * self._typical_s / self.slots)
            raise TooManyAttempts("too many people are logging in; try again soon", retry_after_s=wait_s)
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        started = time.perf_counter()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        self._running.add(running)

        def ended(future: asyncio.Future[ResultT]) -> None:
            duration_s = time.perf_counter() - started
            self._typical_s += (duration_s - self._typical_s) / 8
            self._running.discard(future)
            self._metrics.hashed(kind, duration_s)
            self._free.release()
            if not future.cancelled():
                future.exception()  # a caller that left does not ask any more

        running.add_done_callback(ended)
        # A caller that leaves does not free the slot: the thread goes on, and its memory with it.
        return await asyncio.shield(running)


def stand_in_for(hasher: PasswordHasher) -> str:
    """What stands for the hash of accounts that do not exist. Nothing was hashed for it, which would keep every start
    waiting: to verify against it is the same work, and no password fits random bytes."""
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${parameters}${salt}${digest}"


def slots_for(concurrency: int) -> int:
    """How many hashes may be made at a time on this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(concurrency, cores) if concurrency else max(1, cores // 2)


def _give_way() -> None:
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
