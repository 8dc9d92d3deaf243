"""The store facility: every bucket and log of the cluster, on JetStream."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from nats.aio.client import Client

from covey.errors import StartFailed, StoreCorrupt, StoreUnavailable
from covey.facilities.nats_key_value import NatsKeyValue
from covey.facilities.nats_log import NatsLog
from covey.facilities.nats_manifest import Keeper, survey
from covey.facilities.nats_record import HeaderMaker, Subjects
from covey.facilities.nats_stream import NO_STREAM, STREAM_EXISTS, StreamCalls, StreamError, StreamReply
from covey.facilities.nats_watch import WatchSet
from covey.facilities.store_config import NatsStoreConfig
from covey.protocol.subjects import log_stream
from covey.runtime.clock import Clock, SystemClock
from covey.store.keys import check_name

_log = structlog.get_logger(__name__)

OLDEST_SERVER = (2, 12)
NANOSECONDS = 1_000_000_000
DUPLICATE_WINDOW_S = 120
EXPIRY_MARKER_S = 1
"""How long the server tells of an expiry. It stretches every shorter time to live to this, so it is the least."""
LAST_INSPECTION_S = 3.0
PROBE_VALID_S = 2.0
"""How long a successful check is believed: a probe is a write."""


class Connection(Protocol):
    """What the store needs of the connection facility."""

    @property
    def client(self) -> Client: ...

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None: ...


class NatsStore:
    """Buckets and logs over one connection.

    Buckets are ordinary KV streams (``KV_<name>``), readable with the standard tools. Their manifest is compared when
    they are opened and after every reconnect; those that this process makes are also kept by it: compared, compacted
    and their manifest renewed, regularly.
    """

    def __init__(
        self, connection: Connection, config: NatsStoreConfig | None = None, clock: Clock | None = None
    ) -> None:
        self.name = "store"
        self._connection = connection
        self._config = config or NatsStoreConfig()
        self._clock = clock or SystemClock()
        self._calls = StreamCalls(connection, self._config.timeout_s)
        self._watches = WatchSet(self._calls, self._clock, self._config.watch_heartbeat_s)
        self._buckets: dict[str, NatsKeyValue] = {}
        self._logs: dict[str, NatsLog] = {}
        self._owned: set[str] = set()
        self._vital: set[str] = set()
        """Those that this process makes, and that are probed."""
        self._kept: dict[str, Keeper] = {}
        self._suspicious = asyncio.Event()
        self._upkeep: asyncio.Task[None] | None = None
        self._listening = False
        self._probed_at = float("-inf")

    async def start(self) -> None:
        """Raises ``StartFailed`` when the server is too old, ``StoreUnavailable`` when there is none."""
        if not self._calls.client.is_connected:
            raise StoreUnavailable
        version = self._calls.client.connected_server_version
        if (version.major, version.minor) < OLDEST_SERVER:
            raise StartFailed("the store needs nats-server 2.12 or newer: atomic batches came with it")
        if not self._listening:
            self._connection.on_reconnect(self._reconnected)
            self._listening = True
        if self._upkeep is None and self._config.manifest_interval_s > 0:
            self._upkeep = asyncio.create_task(self._keep(), name="store-upkeep")  # stop() cancels and awaits it

    async def stop(self) -> None:
        upkeep, self._upkeep = self._upkeep, None
        if upkeep:
            upkeep.cancel()
            await asyncio.gather(upkeep, return_exceptions=True)
        await self._watches.close()
        if upkeep:
            await self._last_inspection()

    async def check(self) -> None:
        """A real write and read back in every vital bucket that this process makes. Raises ``StoreUnavailable``, and
        ``StoreCorrupt`` when records are known to be lost."""
        if not self._calls.client.is_connected:
            raise StoreUnavailable
        if self._clock.monotonic() - self._probed_at < PROBE_VALID_S:
            return
        await asyncio.gather(*(self._buckets[name].probe() for name in self._vital))
        self._probed_at = self._clock.monotonic()

    async def bucket(
        self, name: str, *, history: int = 1, max_bytes: int = -1, create: bool = True, vital: bool = True
    ) -> NatsKeyValue:
        found = self._buckets.get(check_name(name))
        if found and (name in self._owned or not create):
            return found
        subjects = Subjects(name)
        reply = await self._open(subjects.stream, self._bucket_stream(name, history, max_bytes) if create else None)
        bucket = NatsKeyValue(
            name,
            self._calls,
            self._watches,
            self._clock,
            HeaderMaker(int(reply.config.get("max_msgs_per_subject", 1)), self._config.marker_ttl_s),
            replicas=int(reply.config.get("num_replicas", 1)),
        )
        if vital and self._config.manifest_interval_s > 0:
            keeper = Keeper(self._calls, subjects, self._config.marker_ttl_s, writes=create)
            if await keeper.inspect(now=self._clock.now(), thorough=True):
                raise StoreCorrupt(f"records are missing from the bucket {name!r}: restore a backup")
            if create or name not in self._kept:
                self._kept[name] = keeper
        if create:
            self._owned.add(name)
            if vital:
                self._vital.add(name)
        return self._buckets.setdefault(name, bucket)

    async def log(
        self, name: str, *, max_age_s: float | None = None, max_bytes: int = -1, create: bool = True
    ) -> NatsLog:
        if found := self._logs.get(check_name(name)):
            return found
        reply = await self._open(log_stream(name), self._log_stream(name, max_age_s, max_bytes) if create else None)
        if reply.state.num_deleted:
            raise StoreCorrupt(f"records are missing from the log {name!r}: restore a backup")
        return self._logs.setdefault(name, NatsLog(name, self._calls))

    async def accept_loss(self, name: str) -> None:
        """After an operator restored what could be restored: take what the bucket holds now as whole."""
        subjects = Subjects(check_name(name))
        try:
            reply = await self._calls.stream("INFO", subjects.stream)
            found = await survey(self._calls, subjects, reply.state.last_seq)
            await Keeper(self._calls, subjects, self._config.marker_ttl_s, writes=True).write(found.manifest)
        except StreamError as error:
            raise StoreUnavailable from error
        if bucket := self._buckets.get(name):
            bucket.corrupt = False

    def _common(self, stream: str, subject: str) -> dict[str, Any]:
        return {
            "name": stream,
            "subjects": [subject],
            "storage": "file",
            "num_replicas": self._config.replicas,
            "deny_delete": True,
            "duplicate_window": DUPLICATE_WINDOW_S * NANOSECONDS,
            # Direct reads may be answered, for ever, by a node that is cut off from the others.
            "allow_direct": False,
        }

    def _bucket_stream(self, name: str, history: int, max_bytes: int) -> dict[str, Any]:
        subjects = Subjects(name)
        return self._common(subjects.stream, f"{subjects.root}>") | {
            "max_msgs_per_subject": history,
            "max_bytes": max_bytes,
            "discard": "new",
            "allow_rollup_hdrs": True,
            "allow_msg_ttl": True,
            "subject_delete_marker_ttl": EXPIRY_MARKER_S * NANOSECONDS,
            "allow_atomic": True,
        }

    def _log_stream(self, name: str, max_age_s: float | None, max_bytes: int) -> dict[str, Any]:
        return self._common(log_stream(name), f"log.{name}.>") | {
            "max_age": int((max_age_s or 0) * NANOSECONDS),
            "max_bytes": max_bytes,
            "discard": "old",
        }

    async def _open(self, stream: str, wanted: dict[str, Any] | None) -> StreamReply:
        """The stream as it is now: made, brought up to what is wanted, or waited for.

        A cluster that has just been started answers nothing until it has a leader, so silence is waited out too.
        """
        deadline = time.monotonic() + self._config.bind_timeout_s
        while True:
            unanswered: StoreUnavailable | None = None
            try:
                if found := await self._found_or_made(stream, wanted):
                    return found
            except StoreUnavailable as error:
                unanswered = error
            if time.monotonic() > deadline:
                raise unanswered or StoreUnavailable(
                    "a bucket or log is not there yet: the worker that owns it has not made it"
                )
            await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _found_or_made(self, stream: str, wanted: dict[str, Any] | None) -> StreamReply | None:
        try:
            found = await self._calls.stream("INFO", stream)
            return await self._changed(stream, found, wanted) if wanted else found
        except StreamError as error:
            if error.number != NO_STREAM:
                raise StoreUnavailable("the store refuses to open a bucket or log") from error
        try:
            return await self._calls.stream("CREATE", stream, wanted) if wanted else None
        except StreamError as error:
            if error.number != STREAM_EXISTS:
                raise StoreUnavailable("the store refuses to make a bucket or log") from error
        return None

    async def _changed(self, stream: str, found: StreamReply, wanted: dict[str, Any]) -> StreamReply:
        """Limits and copies follow the configuration, but only ever upwards: a tool that opens a bucket with the
        defaults must not cost history, copies or a limit. The rest of an existing stream stays as it is."""
        wanted = dict(wanted)
        for name in ("num_replicas", "max_msgs_per_subject"):
            if name in wanted:
                wanted[name] = max(wanted[name], int(found.config.get(name, 1)))
        if wanted["max_bytes"] < 0:
            del wanted["max_bytes"]
        if wanted.get("max_age") == 0:
            del wanted["max_age"]
        if all(found.config.get(name) == value for name, value in wanted.items()):
            return found
        _log.info("store_stream_changed", stream=stream)
        await self._calls.stream("UPDATE", stream, {**found.config, **wanted})
        return await self._calls.stream("INFO", stream)

    async def _reconnected(self) -> None:
        self._watches.renew()
        self._suspicious.set()

    async def _keep(self) -> None:
        """Renew the manifests now and then, thoroughly after a reconnect: the server may have come back with less."""
        while True:
            try:
                async with asyncio.timeout(self._config.manifest_interval_s * random.uniform(0.8, 1.2)):
                    await self._suspicious.wait()
            except TimeoutError:
                pass
            thorough = self._suspicious.is_set()
            self._suspicious.clear()
            if not await self._inspect_all(thorough=thorough) and thorough:
                await asyncio.sleep(random.uniform(0.5, 1.5))
                self._suspicious.set()

    async def _last_inspection(self) -> None:
        """Leave a manifest that is up to date, if that can be done at once: a stop does not wait for the store."""
        try:
            async with asyncio.timeout(LAST_INSPECTION_S):
                if self._calls.client.is_connected:
                    await self._inspect_all(thorough=False)
        except (StoreUnavailable, TimeoutError):
            _log.info("manifest_left_as_it_was")

    async def _inspect_all(self, *, thorough: bool) -> bool:
        """Whether every bucket could be looked at; marks those that lost records."""
        complete = True
        for name, keeper in tuple(self._kept.items()):
            try:
                if await keeper.inspect(now=self._clock.now(), thorough=thorough):
                    self._buckets[name].corrupt = True
            except StoreUnavailable:
                complete = False
        return complete
