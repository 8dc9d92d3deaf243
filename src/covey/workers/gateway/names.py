"""What users and keys are called, from the copy of the access records."""

from __future__ import annotations

import msgspec

from covey.protocol.auth import AccessKey, AccessUser
from covey.protocol.ids import KeyId, UserId
from covey.protocol.usage import UsageReport, UsageRow
from covey.store.read_copy import ReadCopy

_user = msgspec.msgpack.Decoder(AccessUser).decode
_key = msgspec.msgpack.Decoder(AccessKey).decode
MOST_GONE = 100_000
"""Names of deleted users and keys that are remembered."""


class Names:
    """Listens to the records. What is deleted keeps its name here for as long as this gateway lives."""

    def __init__(self, records: ReadCopy[bytes]) -> None:
        self._records = records
        self._keys: dict[KeyId, AccessKey] = {}
        self._key_of_record: dict[str, KeyId] = {}
        self._users: dict[UserId, str] = {}
        self._gone_users: dict[UserId, str] = {}
        self._gone_keys: dict[KeyId, AccessKey] = {}
        for record, value in records.items():
            self._changed(record, value)
        records.on_change(self._changed)

    def user(self, user_id: UserId) -> tuple[str | None, bool]:
        """The name, and whether the account is gone."""
        name = self._users.get(user_id)
        return (name, False) if name is not None else (self._gone_users.get(user_id), True)

    def key(self, key_id: KeyId) -> tuple[AccessKey | None, bool]:
        """The record, and whether the key is revoked or gone."""
        key = self._keys.get(key_id)
        if key is not None:
            return key, key.revoked_at is not None
        return self._gone_keys.get(key_id), True

    def named(self, report: UsageReport) -> UsageReport:
        """The report with names in its rows."""
        return UsageReport(items=tuple(self._named(row) for row in report.items), total=report.total)

    def _named(self, row: UsageRow) -> UsageRow:
        username, user_deleted = self.user(row.user_id)
        key, key_deleted = (None, False) if row.key_id is None else self.key(row.key_id)
        return msgspec.structs.replace(
            row,
            username=username,
            user_deleted=user_deleted,
            key_name=key.name or None if key else None,
            key_prefix=key.prefix or None if key else None,
            key_deleted=key_deleted,
        )

    def __len__(self) -> int:
        """How many accounts there are."""
        return len(self._users)

    def _changed(self, record: str, value: bytes | None) -> None:
        kind, _, rest = record.partition(".")
        if kind == "user":
            self._user_changed(UserId(rest), value)
        elif kind == "key":
            self._key_changed(record, value)

    def _user_changed(self, user_id: UserId, value: bytes | None) -> None:
        if value is None:
            name = self._users.pop(user_id, None)
            if name is not None and len(self._gone_users) < MOST_GONE:
                self._gone_users[user_id] = name
            return
        try:
            self._users[user_id] = _user(value).username
        except msgspec.MsgspecError:  # verifying refuses it, and says so
            self._users.pop(user_id, None)

    def _key_changed(self, record: str, value: bytes | None) -> None:
        if value is None:
            gone = self._key_of_record.pop(record, None)
            key = None if gone is None else self._keys.pop(gone, None)
            if key is not None and len(self._gone_keys) < MOST_GONE:
                self._gone_keys[key.key_id] = key
            return
        try:
            key = _key(value)
        except msgspec.MsgspecError:  # verifying refuses it, and says so
            return
        self._keys[key.key_id] = key
        self._key_of_record[record] = key.key_id
