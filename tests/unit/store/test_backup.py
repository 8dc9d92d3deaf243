from __future__ import annotations

from pathlib import Path

import pytest

from covey.errors import Conflict, StoreCorrupt
from covey.store.backup import export_backup, import_backup, read_backup
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> MemoryStore:
    """Two buckets, one with binary values and one value that expires."""
    made = MemoryStore(clock)
    users = await made.bucket("users")
    for number in range(120):
        await users.put(f"user.{number:03}", bytes([number]) * number)
    sessions = await made.bucket("sessions")
    await sessions.put("long", b"1", ttl_s=1000)
    await sessions.put("short", b"2", ttl_s=10)
    await sessions.put("gone", b"3")
    await sessions.delete("gone")
    return made


async def backup(store: MemoryStore, path: Path, clock: ManualClock) -> Path:
    await export_backup([await store.bucket("users"), await store.bucket("sessions")], path, clock)
    return path


async def test_a_backup_restores_every_record_into_an_empty_store(
    store: MemoryStore, clock: ManualClock, tmp_path: Path
) -> None:
    path = await backup(store, tmp_path / "backup", clock)
    header = await read_backup(path)
    assert header.buckets == {"users": 120, "sessions": 2}
    assert header.made_at == clock.now()
    other = MemoryStore(clock)
    assert await import_backup(path, other.bucket, clock=clock) == {"users": 120, "sessions": 2}
    for name in header.buckets:
        before = await (await store.bucket(name)).range()
        after = await (await other.bucket(name)).range()
        assert [(e.key, e.value) for e in after] == [(e.key, e.value) for e in before]


async def test_times_to_live_go_on_and_what_is_over_is_left_out(
    store: MemoryStore, clock: ManualClock, tmp_path: Path
) -> None:
    path = await backup(store, tmp_path / "backup", clock)
    clock.advance(100)
    other = MemoryStore(clock)
    assert (await import_backup(path, other.bucket, clock=clock))["sessions"] == 1
    (entry,) = await (await other.bucket("sessions")).range()
    assert entry.key == "long"
    assert entry.expires_at == pytest.approx(clock.now() + 900)


async def test_a_backup_is_for_its_owner_only_and_replaces_an_older_one(
    store: MemoryStore, clock: ManualClock, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    path.write_text("older")
    path.chmod(0o644)
    await backup(store, path, clock)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["backup"]
    assert (await read_backup(path)).buckets["users"] == 120


def damaged(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    lines = data.splitlines(keepends=True)
    return {
        "empty": b"",
        "not ours": b"hello\nworld\n",
        "truncated": data[:middle],
        "without its trailer": b"".join(lines[:-1]),
        "a line missing": b"".join(lines[:5] + lines[6:]),
        "two lines swapped": b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        "one bit flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "a line appended": data + lines[2],
    }


@pytest.mark.parametrize("damage", list(damaged(b"{}\n" * 9)))
async def test_a_damaged_backup_is_refused_before_anything_is_written(
    store: MemoryStore, clock: ManualClock, tmp_path: Path, damage: str
) -> None:
    path = await backup(store, tmp_path / "backup", clock)
    path.write_bytes(damaged(path.read_bytes())[damage])
    other = MemoryStore(clock)
    with pytest.raises(StoreCorrupt):
        await import_backup(path, other.bucket, clock=clock)
    assert await (await other.bucket("users")).revision() == 0
    assert await (await other.bucket("sessions")).revision() == 0


async def test_a_store_that_is_not_empty_is_left_alone_unless_overwriting(
    store: MemoryStore, clock: ManualClock, tmp_path: Path
) -> None:
    path = await backup(store, tmp_path / "backup", clock)
    users = await store.bucket("users")
    await users.put("user.000", b"changed")
    await users.put("extra", b"kept")
    with pytest.raises(Conflict):
        await import_backup(path, store.bucket, clock=clock)
    await import_backup(path, store.bucket, clock=clock, overwrite=True)
    restored, extra = await users.get("user.000"), await users.get("extra")
    assert restored is not None
    assert restored.value == b""
    assert extra is not None
