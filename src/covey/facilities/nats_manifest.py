"""Noticing that records have vanished: how many durable keys there were, kept apart from the records themselves.

A damaged block makes the server forget what was in it and answer "not found". So the number of durable keys at a
known revision is written into the metadata of the stream, which lies in another file. Every write takes one sequence
number; so when fewer of the counted keys are left than all writes since can explain, records were lost.
"""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from covey.errors import StoreUnavailable
from covey.facilities.nats_delivery import DeliveryLost, DeliveryStalled, deliver, read_newest
from covey.facilities.nats_record import OWN_TTL, TTL, Subjects, change_delivered
from covey.facilities.nats_stream import StreamCalls, StreamError, StreamReply

_log = structlog.get_logger(__name__)

STALLS = 3
METADATA_KEY = "covey.manifest"


class Manifest(msgspec.Struct, frozen=True):
    """What a bucket held at one moment."""

    last_sequence: int
    durable_keys: int


class Survey(msgspec.Struct, frozen=True):
    """What a bucket holds now."""

    manifest: Manifest
    sequences: list[int]
    """The newest revision of every durable key."""
    markers: dict[str, tuple[int, float]]
    """Deleted keys: the marker's revision, and when it was written."""
    stalled: bool = False
    """Whether the server could not read all that it says it has."""


def read_manifest(reply: StreamReply) -> Manifest | None:
    text = (reply.config.get("metadata") or {}).get(METADATA_KEY)
    return msgspec.json.decode(text, type=Manifest) if text else None


def lost_records(before: Manifest, now: Survey, newest_sequence: int = 0) -> int:
    """How many records must have been lost at least since ``before``; 0 when writes can explain what is there.
    ``newest_sequence`` is the stream's after the survey: what was written during it is an explanation too."""
    writes_since = max(now.manifest.last_sequence, newest_sequence) - before.last_sequence
    if writes_since < 0:
        return -writes_since
    untouched = sum(1 for sequence in now.sequences if sequence <= before.last_sequence)
    return max(int(now.stalled), before.durable_keys - untouched - writes_since)


async def survey(calls: StreamCalls, subjects: Subjects, last_sequence: int) -> Survey:
    """Count what can be read. ``last_sequence`` is the stream's, read before. Raises ``StoreUnavailable``."""
    for _ in range(STALLS - 1):
        found = await _survey_once(calls, subjects, last_sequence)
        if not found.stalled:
            return found
    return await _survey_once(calls, subjects, last_sequence)


async def _survey_once(calls: StreamCalls, subjects: Subjects, last_sequence: int) -> Survey:
    stalled = False
    reached = last_sequence
    sequences: list[int] = []
    markers: dict[str, tuple[int, float]] = {}
    policy = {"deliver_policy": "last_per_subject"}
    newest = await calls.stored(subjects.stream, f"{subjects.root}>")
    try:
        async with deliver(calls, subjects.stream, subjects.below(""), policy=policy, headers_only=True) as delivery:
            async for message in read_newest(delivery, newest.seq if newest else 0):
                reached = max(reached, message.sequence)
                if message.subject.startswith(subjects.reserved):
                    continue
                if change_delivered(subjects, message).kind == "delete":
                    markers[message.subject] = (message.sequence, message.at)
                elif OWN_TTL not in message.headers and TTL not in message.headers:
                    sequences.append(message.sequence)
    except DeliveryStalled:
        stalled = True
    except DeliveryLost as error:
        raise StoreUnavailable from error
    return Survey(Manifest(reached, len(sequences)), sequences, markers, stalled)


class Keeper:
    """Keeps the manifest of one bucket, and clears away the history of keys deleted long ago."""

    def __init__(self, calls: StreamCalls, subjects: Subjects, marker_ttl_s: float, *, writes: bool) -> None:
        self._writes = writes
        """Whether this process keeps the manifest; another one only compares."""
        self._calls = calls
        self._subjects = subjects
        self._marker_ttl_s = marker_ttl_s

    async def inspect(self, *, now: float, thorough: bool) -> int:
        """Compare, then write the manifest anew; returns how many records are known to be lost (then it is left as
        it was). Unless ``thorough``, a bucket without new writes is not looked at. Raises ``StoreUnavailable``."""
        if not (thorough or self._writes):
            return 0
        try:
            reply = await self._calls.stream("INFO", self._subjects.stream)
            before = read_manifest(reply)
            last_sequence = reply.state.last_seq
            if before and before.last_sequence == last_sequence and not thorough:
                return 0
            found = await survey(self._calls, self._subjects, last_sequence)
            newest = (await self._calls.stream("INFO", self._subjects.stream)).state.last_seq
            lost = lost_records(before or Manifest(last_sequence, 0), found, newest)
            if lost:
                _log.error("store_records_lost", bucket=self._subjects.stream, lost_at_least=lost)
                return lost
            if self._writes:
                await self._compact(found, now)
            if self._writes and found.manifest != before:
                await self._write_if_allowed(found.manifest)
        except StreamError as error:
            raise StoreUnavailable from error
        return 0

    async def _write_if_allowed(self, manifest: Manifest) -> None:
        """A process on a machine that joined may use a bucket, but not alter it: another one keeps its manifest."""
        try:
            await self.write(manifest)
        except StoreUnavailable:
            _log.warning("manifest_not_written", bucket=self._subjects.stream)

    async def write(self, manifest: Manifest) -> None:
        """Put ``manifest`` into the metadata of the stream, leaving the rest of its configuration as it is."""
        config: dict[str, Any] = (await self._calls.stream("INFO", self._subjects.stream)).config
        metadata = {**(config.get("metadata") or {}), METADATA_KEY: msgspec.json.encode(manifest).decode()}
        await self._calls.stream("UPDATE", self._subjects.stream, {**config, "metadata": metadata})

    async def _compact(self, found: Survey, now: float) -> None:
        """Forget keys that were deleted long ago, up to their marker and nothing that was written after it."""
        for subject, (sequence, at) in found.markers.items():
            if now - at > self._marker_ttl_s:
                await self._calls.stream("PURGE", self._subjects.stream, {"filter": subject, "seq": sequence + 1})
