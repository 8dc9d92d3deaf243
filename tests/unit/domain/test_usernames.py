from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.usernames import canonical_username, name_hash, skeleton_of
from covey.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alice", "alice"),
        ("Alice", "alice"),
        ("ALICE", "alice"),
        ("Ａｌｉｃｅ", "alice"),
        ("alice@example.org", "alice@example.org"),
        ("a.b-c_d+e", "a.b-c_d+e"),
        ("\u212aelvin", "kelvin"),
        ("a" * 64, "a" * 64),
    ],
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert canonical_username(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "ab", "a" * 65, "alice ", " alice", "al ice", "аlice", "al\u200bice", "alice\u202e", "alice\n", "alice\r\n",
     ".alice", "alice.", "-rf", "*", ">", "$SYS", "_INBOX", "__proto__", "../x", "a/b", "a\\b", "a\0b", "ali:ce",
     "\ud800alice", "é" * 10, "🙂🙂🙂", "ß" * 80, "ﷺ" * 200, "x" * 1_000_000],
)  # fmt: skip
def test_what_is_no_name_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        canonical_username(text)
    assert caught.value.param == "username"
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(("one", "other"), [("alice", "a1ice"), ("bob", "b0b"), ("morning", "moming"), ("vvho", "who")])
def test_look_alikes_share_a_skeleton(one: str, other: str) -> None:
    assert skeleton_of(one) == skeleton_of(other)
    assert name_hash(one) == name_hash(other)


def test_names_that_look_different_do_not_share_one() -> None:
    assert len({name_hash(name) for name in ("alice", "alicia", "alice.b", "alice-b", "alice_b", "bob")}) == 6


@given(st.text(max_size=300))
def test_whatever_is_typed_the_canonical_form_is_stable_and_plain(text: str) -> None:
    try:
        name = canonical_username(text)
    except InvalidRequest:
        return
    assert canonical_username(name) == name
    assert re.fullmatch(r"[a-z0-9._@+-]{3,64}", name)
    assert re.fullmatch(r"[0-9a-f]{64}", name_hash(name))
