"""Decoding of request bodies, with a look at their shape before any object is made of them."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.bridge.errors import invalid_json
from covey.errors import InvalidRequest

LOOK_FROM_BYTES = 65_536
"""Shorter bodies cannot hold enough to matter."""
MAX_STRINGS = 50_000
"""Keys and texts in one body. Half a million keys would hold up everyone for a second."""
MAX_ITEMS = 500_000
"""Commas in one body, those inside texts included."""


def decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """Raises InvalidRequest naming the field, or saying what is wrong with the JSON."""
    if len(body) > LOOK_FROM_BYTES:
        check_shape(body)
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if not body:
            raise InvalidRequest("a JSON body is needed") from error
        raise invalid_json(error) from error


def check_shape(body: bytes) -> None:
    """Raises InvalidRequest for a body of more keys, texts or items than any honest one has."""
    strings = (body.count(b'"') - body.count(b'\\"')) // 2
    if strings > MAX_STRINGS or body.count(b",") > MAX_ITEMS:
        raise InvalidRequest("the JSON has too many keys or items")
