from __future__ import annotations

from typing import Any

import msgspec
import pytest

from covey.bridge.json_body import MAX_ITEMS, MAX_STRINGS, check_shape, decode
from covey.errors import InvalidRequest

DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def test_good_json_is_decoded() -> None:
    assert decode(DECODER, b'{"a":[1,2]}') == {"a": [1, 2]}


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"[" * 100_000])
def test_bad_json_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode(DECODER, body)


def test_too_many_keys_or_items_are_refused_before_decoding() -> None:
    with pytest.raises(InvalidRequest):
        check_shape(b'"k":' * (MAX_STRINGS + 1))
    with pytest.raises(InvalidRequest):
        check_shape(b"1," * (MAX_ITEMS + 1))
    check_shape(b'{"text":"' + b'\\"quoted\\" ' * MAX_STRINGS + b'"}')
