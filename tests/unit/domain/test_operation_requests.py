from __future__ import annotations

import msgspec
import pytest

from covey.domain.operation_requests import decode_request
from covey.errors import InvalidRequest, UnknownField
from covey.protocol.auth import CreateKey
from covey.protocol.operations import OPERATIONS_BY_NAME

CREATE = OPERATIONS_BY_NAME["keys.create"]


def test_a_body_becomes_the_typed_request() -> None:
    assert decode_request(CREATE, msgspec.msgpack.encode({"name": "ci"})) == CreateKey(name="ci")


@pytest.mark.parametrize("field", ["role", "user_id", "id", "is_admin", "created_at"])
def test_b5_a_field_that_does_not_exist_is_refused_by_name(field: str) -> None:
    with pytest.raises(UnknownField) as caught:
        decode_request(CREATE, msgspec.msgpack.encode({"name": "ci", field: "x"}))
    assert caught.value.param == field


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x81", msgspec.msgpack.encode({"name": 7}), b"\x80"])
def test_a_body_that_does_not_fit_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_request(CREATE, body)


def test_deep_nesting_is_refused_and_breaks_nothing() -> None:
    body = b"\x82\xa4name\xa1x\xa6models" + b"\x91" * 100_000 + b"\xc0"
    with pytest.raises(InvalidRequest):
        decode_request(CREATE, body)
