from __future__ import annotations

import re

import msgspec
import pytest

from covey.domain.idempotency import SECRET_ANSWERS, record_key, request_body, request_hash
from covey.errors import InvalidRequest
from covey.protocol.ids import UserId
from covey.protocol.operations import OPERATIONS
from covey.protocol.usage import QueryUsage
from covey.store.keys import check_key

SECRET_FIELDS = re.compile(r"secret|^code$|token$|private")


def test_any_key_a_client_makes_up_becomes_a_safe_store_key() -> None:
    for key in ("a", "x" * 255, "*.>", "../..", "é\n", "\udc80"):
        assert check_key(record_key(UserId("usr_1"), key))
    for bad in ("", "x" * 256):
        with pytest.raises(InvalidRequest):
            record_key(UserId("usr_1"), bad)


def test_keys_of_two_users_never_meet() -> None:
    assert record_key(UserId("usr_1"), "k") != record_key(UserId("usr_2"), "k")


def test_the_hash_tells_requests_apart_and_not_their_spelling() -> None:
    assert request_hash("a", b"bc") != request_hash("ab", b"c")
    assert request_body(QueryUsage(first_day="x")) == request_body(QueryUsage(first_day="x", last_day=None))


def test_every_answer_with_a_secret_in_it_is_on_the_list() -> None:
    found = {
        operation.name
        for operation in OPERATIONS
        if operation.access != "anonymous"
        and any(SECRET_FIELDS.search(field.name) for field in msgspec.structs.fields(operation.endpoint.response))
    }
    assert found == SECRET_ANSWERS
