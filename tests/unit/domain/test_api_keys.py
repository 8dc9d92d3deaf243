from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.api_keys import PREFIX, format_api_key, hash_api_key, looks_like_api_key, shown_prefix

KEY = format_api_key(bytes(range(32)))


@given(st.binary(min_size=32, max_size=32))
def test_every_key_has_one_length_and_a_right_checksum(random: bytes) -> None:
    key = format_api_key(random)
    assert len(key) == len(PREFIX) + 49
    assert looks_like_api_key(key)


@given(st.integers(0, 57), st.sampled_from("0123456789ABCXYZabcxyz"))
def test_one_mistyped_character_is_noticed(position: int, character: str) -> None:
    mistyped = KEY[:position] + character + KEY[position + 1 :]
    assert looks_like_api_key(mistyped) == (mistyped == KEY)


@pytest.mark.parametrize(
    "wrong", ["", PREFIX, KEY[:-1], KEY + "a", KEY + "\n", "sk-other" + KEY[8:], KEY.upper(), "ключ"]
)
def test_what_is_not_a_key_does_not_look_like_one(wrong: str) -> None:
    assert not looks_like_api_key(wrong)


def test_a_key_of_too_few_random_bytes_cannot_be_made() -> None:
    with pytest.raises(ValueError):
        format_api_key(b"short")


def test_the_hash_is_the_sha_256_of_the_whole_secret() -> None:
    assert hash_api_key(KEY) == sha256(KEY.encode()).hexdigest()
    assert hash_api_key(KEY[:-1]) != hash_api_key(KEY)


def test_a_broken_character_is_hashed_and_not_an_error() -> None:
    assert len(hash_api_key("\ud800")) == 64


def test_the_shown_prefix_is_the_beginning_only() -> None:
    assert KEY.startswith(shown_prefix(KEY))
    assert len(shown_prefix(KEY)) == len(PREFIX) + 6
