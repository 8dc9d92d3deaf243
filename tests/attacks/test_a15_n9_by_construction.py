"""Attacks without a place to begin: A15, nothing tells how much of a key was right; N9, no text is a subject."""

from __future__ import annotations

import ast
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

import covey
from covey.domain.api_keys import format_api_key, hash_api_key
from covey.errors import InvalidRequest
from covey.protocol import subjects
from covey.store.keys import check_key, check_name, check_prefix

SOURCE = Path(covey.__file__).parent
SECRET_NAMES = {"secret", "password", "credential", "bearer", "refresh_token", "family_secret", "turn_secret", "code"}
JUDGES = ("domain/api_keys.py", "domain/access_tokens.py", "domain/sessions.py", "workers/gateway/credentials.py",
          "workers/auth/api_keys.py", "workers/auth/sessions.py", "workers/auth/password_hashing.py")  # fmt: skip
"""Where credentials are judged."""


def common(one: str, other: str) -> int:
    return len(os.path.commonprefix([one, other]))


def test_a15_a_guess_that_begins_rightly_is_filed_no_nearer_to_the_key() -> None:
    """Keys are found by the SHA-256 of all of them: how long that takes depends on nothing that a guesser knows."""
    chance = random.Random(15)
    real = format_api_key(chance.randbytes(32))
    place = hash_api_key(real)
    near, far = 0, 0
    for number in range(4000):
        right = 9 + number % (len(real) - 10)
        guess = real[:right] + ("0" if real[right] != "0" else "1") + real[right + 1 :]
        near += common(hash_api_key(guess), place)
        far += common(hash_api_key(format_api_key(chance.randbytes(32))), place)
    assert hash_api_key(real) == place
    assert near / 4000 < 0.15  # of random hexadecimal digits, 1/15 agree at the beginning
    assert far / 4000 < 0.15


@pytest.mark.parametrize("name", JUDGES)
def test_a15_no_secret_is_compared_character_by_character(name: str) -> None:
    found = []
    for node in ast.walk(ast.parse((SOURCE / name).read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops):
            sides = [node.left, *node.comparators]
            names = {side.attr if isinstance(side, ast.Attribute) else getattr(side, "id", "") for side in sides}
            if names & SECRET_NAMES:
                found.append(ast.unparse(node))
    assert found == []


DANGEROUS = (
    "", "*", ">", "a.b", "a.>", "*.x", " ", "a b", "a\r\nPUB x 0", "a\x00b", "é", "$SYS", "../x", "a/b", "x" * 65,
    "_INBOX.>", "rpc..x", ".", "a.", ".a", "\u202e", "a\tb",
)  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_n9_no_such_text_becomes_a_token_of_a_subject(text: str) -> None:
    builders: tuple[Callable[[], str], ...] = (
        lambda: subjects.rpc_to("auth.login", text),
        lambda: subjects.stream_control("client", "client-1", text),
        lambda: subjects.presence("client", text),
        lambda: subjects.log_subject("usage", text),
        lambda: check_name(text),
    )
    for build in builders:
        with pytest.raises(InvalidRequest):
            build()


@pytest.mark.parametrize("text", [text for text in DANGEROUS if text not in ("", "a.b")])
def test_n9_no_such_text_becomes_a_key_or_a_prefix(text: str) -> None:
    for check in (check_key, check_prefix):
        with pytest.raises(InvalidRequest):
            check(text)


@given(some.text(max_size=80))
def test_n9_whatever_is_let_through_is_one_plain_token(text: str) -> None:
    try:
        passed = subjects.token(text)
    except InvalidRequest:
        return
    assert passed == text
    assert passed.isascii()
    assert not set(passed) & set("*>. \t\r\n$/\x00")
