"""Backups of buckets in one file that can be read with the eye, and is checked whole before anything is restored.

One JSON document per line: a header that names the buckets and how many records each has, the records, and a trailer
with the SHA-256 of every byte before it. Times to live go along as moments; what is over by then is left out.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from covey.errors import Conflict, StoreCorrupt
from covey.runtime.clock import Clock, SystemClock
from covey.store.key_value import Entry, KeyValue, Write
from covey.store.keys import SHORTEST_TTL_S, check_key, check_name

FORMAT = "covey-backup"
VERSION = 1
RESTORED_AT_ONCE = 50
LARGEST_BATCH_BYTES = 4_000_000


class BackupHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: str = FORMAT
    version: int = VERSION
    made_at: float
    """Unix seconds."""
    buckets: dict[str, int]
    """How many records there are of each bucket."""


class _Record(msgspec.Struct, frozen=True):
    bucket: str
    key: str
    value: bytes
    expires_at: float | None = None


class _Trailer(msgspec.Struct, frozen=True):
    sha256: str


async def export_backup(buckets: Sequence[KeyValue], path: Path, clock: Clock | None = None) -> BackupHeader:
    """Write what ``buckets`` hold now to ``path``, readable by its owner only, replacing a file that is there.

    Each bucket is one consistent state; two buckets may be a moment apart. The file appears whole or not at all.
    Raises ``StoreUnavailable``, ``OSError``.
    """
    contents = {bucket.name: await bucket.range() for bucket in buckets}
    header = BackupHeader(
        made_at=(clock or SystemClock()).now(), buckets={name: len(entries) for name, entries in contents.items()}
    )
    await asyncio.to_thread(_write, path, header, contents)
    return header


async def read_backup(path: Path) -> BackupHeader:
    """Check the whole file and return what it says of itself. Raises ``StoreCorrupt`` when it is damaged."""
    header, _ = await asyncio.to_thread(_read, path)
    return header


async def import_backup(
    path: Path,
    open_bucket: Callable[[str], Awaitable[KeyValue]],
    *,
    overwrite: bool = False,
    clock: Clock | None = None,
) -> Mapping[str, int]:
    """Restore every record; returns how many of each bucket. Nothing is written unless the whole file is sound.

    Without ``overwrite`` every bucket has to be empty, else ``Conflict``; with it, values of the backup replace those
    of the same key and keys that the backup lacks stay. May be repeated whole, with ``overwrite``, after an error.
    Raises ``StoreCorrupt`` when the file is damaged.
    """
    header, records = await asyncio.to_thread(_read, path)
    opened = {name: await open_bucket(name) for name in header.buckets}
    if not overwrite:
        for name, bucket in opened.items():
            if await bucket.range(limit=1):
                raise Conflict(f"the bucket {name!r} is not empty")
    now = (clock or SystemClock()).now()
    restored = dict.fromkeys(opened, 0)
    for name, bucket in opened.items():
        writes = [write for record in records if record.bucket == name and (write := _restored(record, now))]
        for part in _parts(writes):
            await bucket.batch(part)
        restored[name] = len(writes)
    return restored


def _restored(record: _Record, now: float) -> Write | None:
    if record.expires_at is None:
        return Write(record.key, record.value)
    left_s = record.expires_at - now
    return Write(record.key, record.value, ttl_s=left_s) if left_s >= SHORTEST_TTL_S else None


def _parts(writes: Sequence[Write]) -> Iterator[list[Write]]:
    part: list[Write] = []
    size = 0
    for write in writes:
        length = len(write.value or b"")
        if part and (len(part) == RESTORED_AT_ONCE or size + length > LARGEST_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(write)
        size += length
    if part:
        yield part


def _write(path: Path, header: BackupHeader, contents: Mapping[str, Sequence[Entry]]) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            digest = hashlib.sha256()
            for line in _lines(header, contents):
                digest.update(line)
                file.write(line)
            file.write(msgspec.json.encode(_Trailer(digest.hexdigest())) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            unfinished.unlink()
        raise


def _lines(header: BackupHeader, contents: Mapping[str, Sequence[Entry]]) -> Iterator[bytes]:
    yield msgspec.json.encode(header) + b"\n"
    for bucket, entries in contents.items():
        for entry in entries:
            yield msgspec.json.encode(_Record(bucket, entry.key, entry.value, entry.expires_at)) + b"\n"


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[BackupHeader, list[_Record]]:
    try:
        with path.open("rb") as file:
            return _checked(file)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise StoreCorrupt("the backup is damaged: nothing was restored") from error


def _checked(file: BinaryIO) -> tuple[BackupHeader, list[_Record]]:
    """Header and records. Raises ``ValueError`` and what decoding raises."""
    *body, last = file.read().splitlines(keepends=True) or [b""]
    digest = hashlib.sha256(b"".join(body)).hexdigest()
    if not body or msgspec.json.decode(last, type=_Trailer).sha256 != digest:
        raise ValueError
    header = msgspec.json.decode(body[0], type=BackupHeader)
    if header.format != FORMAT or header.version != VERSION:
        raise StoreCorrupt("this is not a backup that this version can read")
    decoder = msgspec.json.Decoder(_Record)
    records = [decoder.decode(line) for line in body[1:]]
    for record in records:
        check_key(record.key)
    counted = {check_name(name): sum(record.bucket == name for record in records) for name in header.buckets}
    if counted != header.buckets or sum(counted.values()) != len(records):
        raise ValueError
    return header, records
