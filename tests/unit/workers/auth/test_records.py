from __future__ import annotations

import msgspec
import pytest

from covey.errors import StoreCorrupt
from covey.protocol.ids import UserId
from covey.store.key_value import Entry
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.auth.records import NameRecord, UserRecord, decode, encode, read

USER = UserRecord(id=UserId("usr_1"), username="alice", password_hash="$argon2id$…", role="admin")


async def test_a_record_is_read_with_its_revision() -> None:
    bucket = await MemoryStore(ManualClock()).bucket("auth")
    assert await read(bucket, "user.usr_1", UserRecord) is None
    revision = await bucket.put("user.usr_1", encode(USER))
    stored = await read(bucket, "user.usr_1", UserRecord)
    assert stored is not None
    assert (stored.record, stored.revision, stored.key) == (USER, revision, "user.usr_1")


@pytest.mark.parametrize("value", [b"", b"\xff", b"text", encode(NameRecord(user_id=UserId("usr_1")))])
def test_a_damaged_record_is_named_as_damage(value: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        decode(Entry("user.usr_1", value, 1, 0.0), UserRecord)


def test_a_record_with_fields_of_a_newer_version_is_read() -> None:
    newer = msgspec.msgpack.encode({**msgspec.to_builtins(USER), "invented_later": 1})
    assert decode(Entry("user.usr_1", newer, 1, 0.0), UserRecord).record == USER


def test_what_others_are_told_of_an_account_has_no_secret() -> None:
    assert b"argon2" not in encode(USER.info()) + encode(USER.access())
