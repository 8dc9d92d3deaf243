from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.join_tokens import LONGEST, PREFIX, JoinToken, _checksum, decode, encode, is_address
from covey.errors import InvalidRequest

GOOD = JoinToken(addresses=("192.0.2.1:7422", "[2001:db8::1]:7422"), pin=b"p" * 32, secret=b"s" * 32, expires_at=10)


def packed(body: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(body + _checksum(body)).decode().rstrip("=")


def test_a_token_is_one_word_and_comes_back_as_it_was() -> None:
    text = encode(GOOD)
    assert text.startswith("join-covey-")
    assert len(text.split()) == 1
    assert len(text) < 200
    assert decode(f"  {text}\n") == GOOD


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.integers(1, 2**33))
def test_every_token_comes_back(pin: bytes, secret: bytes, expires_at: int) -> None:
    token = JoinToken(addresses=("box.example:1",), pin=pin, secret=secret, expires_at=expires_at)
    assert decode(encode(token)) == token


@given(st.integers(len(PREFIX), len(encode(GOOD)) - 1), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_slip_of_the_pen_is_noticed(position: int, letter: str) -> None:
    text = encode(GOOD)
    changed = text[:position] + letter + text[position + 1 :]
    with suppress(InvalidRequest):
        assert decode(changed) == GOOD  # the last letter has bits that mean nothing


@given(st.text(max_size=300))
def test_no_text_is_anything_but_a_token_or_refused(text: str) -> None:
    for candidate in (text, PREFIX + text):
        with pytest.raises(InvalidRequest):
            decode(candidate)


@given(st.binary(max_size=300))
def test_no_content_is_anything_but_a_token_or_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode(packed(body))


@pytest.mark.parametrize(
    "parts",
    [
        ((), b"p" * 32, b"s" * 32, 10),
        (("box:1",) * 9, b"p" * 32, b"s" * 32, 10),
        (("box",), b"p" * 32, b"s" * 32, 10),
        (("box:0",), b"p" * 32, b"s" * 32, 10),
        (("box:1 ",), b"p" * 32, b"s" * 32, 10),
        (("tls://box:1",), b"p" * 32, b"s" * 32, 10),
        (("a@box:1",), b"p" * 32, b"s" * 32, 10),
        (("box:1\r\nX: y",), b"p" * 32, b"s" * 32, 10),
        (("box:1",), b"p" * 31, b"s" * 32, 10),
        (("box:1",), b"p" * 32, b"s" * 33, 10),
        (("box:1",), b"p" * 32, b"s" * 32, 0),
        (("box:1",), b"p" * 32, b"s" * 32, "10"),
        (("box:1",), b"p" * 32, b"s" * 32, 10, "more"),
        (("box:1",), b"p" * 32, b"s" * 32),
    ],
)
def test_parts_out_of_range_are_refused(parts: Any) -> None:
    with pytest.raises(InvalidRequest):
        decode(packed(msgspec.msgpack.encode(parts)))


def test_what_is_too_long_is_not_even_unpacked() -> None:
    with pytest.raises(InvalidRequest):
        decode(PREFIX + "A" * LONGEST)


def test_what_could_not_be_read_is_not_written() -> None:
    with pytest.raises(InvalidRequest):
        encode(msgspec.structs.replace(GOOD, addresses=("no port",)))


@pytest.mark.parametrize(
    ("text", "fine"),
    [("box:7422", True), ("[::1]:1", True), ("::1:1", False), ("box:65536", False), ("böx:1", False), ("", False)],
)
def test_addresses(text: str, fine: bool) -> None:
    assert is_address(text) == fine
