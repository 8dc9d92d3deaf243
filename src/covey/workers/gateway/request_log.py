"""Answers questions about single requests: the last ones of all gateways, read on from the usage log when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from covey.domain.request_records import RequestRecords, check_query, filter_of
from covey.errors import Forbidden
from covey.protocol.auth import Identity
from covey.protocol.requests import LoggedRequest, QueryRequests, RequestPage
from covey.protocol.usage import UsageRecord
from covey.runtime.clock import Clock
from covey.store.key_value import Log, LogRecord
from covey.workers.gateway.names import Names

READ = 1000
"""Log entries that are read at once; each holds up to a few hundred requests."""
_records = msgspec.msgpack.Decoder(tuple[UsageRecord, ...]).decode


class RequestLog:
    """Reads the log when somebody asks and never before: the first question costs more than those after it."""

    def __init__(self, log: Log, names: Names, clock: Clock, *, size: int, longest_s: float) -> None:
        self._log = log
        self._names = names
        self._clock = clock
        self._size = size
        self._longest_s = longest_s
        self._kept = RequestRecords(size, longest_s)
        self._read_to: int | None = None
        """Everything up to this sequence number is kept, or was too old; None: nothing was read yet."""
        self._turn = asyncio.Lock()

    async def query(self, request: QueryRequests, identity: Identity) -> RequestPage:
        """Raises Forbidden for others' requests unless the caller administers, InvalidRequest, StoreUnavailable."""
        check_query(request)
        user_id = _whose(request, identity)
        async with self._turn:
            await self._read_on()
        found, cursor = self._kept.page(request, filter_of(request, user_id))
        return RequestPage(items=tuple(self._shown(record) for record in found), next=cursor)

    async def _read_on(self) -> None:
        if self._read_to is None:
            await self._read_back()
            return
        while True:
            entries = await self._log.read(after=self._read_to, limit=READ)
            self._keep(entries)
            if entries:
                self._read_to = entries[-1].sequence
            if len(entries) < READ:
                return

    async def _read_back(self) -> None:
        position, newest = 0, 0
        oldest_at = self._clock.now() - self._longest_s
        while True:
            entries = await self._log.read(after=position, limit=READ, newest_first=True)
            if entries and not newest:
                newest = entries[0].sequence
            self._keep(entries)
            if len(entries) < READ or len(self._kept) >= self._size or entries[-1].at < oldest_at:
                break
            position = entries[-1].sequence
        self._read_to = newest

    def _keep(self, entries: Sequence[LogRecord]) -> None:
        found = [record for entry in entries for record in _records(entry.value)]
        if found:
            self._kept.add(found, self._clock.now())

    def _shown(self, record: UsageRecord) -> LoggedRequest:
        username, user_deleted = self._names.user(record.user_id)
        key, key_deleted = (None, False) if record.key_id is None else self._names.key(record.key_id)
        return LoggedRequest(
            record=record,
            username=username or record.username or None,
            user_deleted=user_deleted,
            key_name=key.name or None if key else None,
            key_prefix=key.prefix or None if key else None,
            key_deleted=key_deleted,
        )


def _whose(request: QueryRequests, identity: Identity) -> str | None:
    """The user whose requests are asked for; None: everybody's."""
    administers = identity.role == "admin" and "admin" in identity.scopes
    if request.user_id is None or request.user_id == "*":
        if administers:
            return None
        if request.user_id is None:
            return identity.user_id
    elif administers or request.user_id == identity.user_id:
        return request.user_id
    raise Forbidden("only administrators see the requests of others", param="user_id")
