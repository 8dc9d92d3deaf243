"""What may be a key, a prefix, a bucket's name: checked before anything is sent, so that no wildcard ever leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from covey.errors import InvalidRequest, PayloadTooLarge
from covey.store.key_value import Write

_TOKEN = r"[A-Za-z0-9_-]{1,64}"
_KEY = re.compile(rf"{_TOKEN}(?:\.{_TOKEN}){{0,15}}\Z")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_RECORD_ID = re.compile(r"[\x21-\x7e]{1,256}\Z")

RESERVED = "_covey"
"""First token of the store's own records; no key of anybody else begins with it."""
SHORTEST_TTL_S = 1.0
LARGEST_BATCH = 100
LARGEST_VALUE_BYTES = 1_000_000


def check_key(key: str) -> str:
    """``key`` itself. Raises ``InvalidRequest``, without repeating what may be a stranger's text."""
    if not _KEY.match(key) or key.partition(".")[0] == RESERVED:
        raise InvalidRequest("a store key is not made of dotted tokens of letters, digits, '_' and '-'")
    return key


def check_prefix(prefix: str) -> str:
    """A key, or nothing for everything. Raises ``InvalidRequest``."""
    return check_key(prefix) if prefix else prefix


def check_name(name: str) -> str:
    """The name of a bucket or a log. Raises ``InvalidRequest``."""
    if not _NAME.match(name):
        raise InvalidRequest("a bucket or log name is not made of letters, digits, '_' and '-'")
    return name


def check_record_id(record_id: str) -> str:
    """Printable ASCII without spaces: it travels as a header. Raises ``InvalidRequest``."""
    if not _RECORD_ID.match(record_id):
        raise InvalidRequest("a record id is not 1 to 256 printable characters")
    return record_id


def check_ttl(ttl_s: float | None) -> float | None:
    """``ttl_s`` itself; the server knows no shorter time than a second. Raises ``InvalidRequest``."""
    if ttl_s is not None and not SHORTEST_TTL_S <= ttl_s < 10_000_000_000:
        raise InvalidRequest("a time to live is at least one second")
    return ttl_s


def check_batch(writes: Sequence[Write]) -> Sequence[Write]:
    """1 to 100 writes with distinct valid keys. Raises ``InvalidRequest``."""
    if not 1 <= len(writes) <= LARGEST_BATCH:
        raise InvalidRequest(f"a batch has 1 to {LARGEST_BATCH} writes")
    if len({check_key(write.key) for write in writes}) != len(writes):
        raise InvalidRequest("a batch writes each key once")
    for write in writes:
        check_ttl(write.ttl_s)
        check_value(write.value or b"")
    return writes


def in_prefix(key: str, prefix: str) -> bool:
    """Whether ``key`` is ``prefix`` or below it, by whole tokens: ``user.1`` is not a prefix of ``user.10``."""
    return not prefix or key == prefix or key.startswith(f"{prefix}.")


def in_range(keys: Sequence[str], *, after: str | None, before: str | None, reverse: bool) -> Iterator[str]:
    """``keys`` in the order of their bytes, both ends exclusive."""
    for key in sorted(keys, reverse=reverse):
        if (after is None or key > after) and (before is None or key < before):
            yield key


def check_value(value: bytes) -> bytes:
    """``value`` itself. Raises ``PayloadTooLarge`` above a million bytes: one message must fit, headers and all."""
    if len(value) > LARGEST_VALUE_BYTES:
        raise PayloadTooLarge(f"a stored value has at most {LARGEST_VALUE_BYTES} bytes")
    return value
