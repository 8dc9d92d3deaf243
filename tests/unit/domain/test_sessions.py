from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.sessions import (
    RefreshParts,
    format_refresh_token,
    hash_secret,
    issue_time,
    judge,
    next_valid_after,
    parse_refresh_token,
)
from covey.protocol.ids import SessionId, UserId

PARTS = RefreshParts(
    user_id=UserId("usr_1"), session_id=SessionId("ses_1"), family_secret="F" * 43, turn_secret="T" * 43
)


def test_a_refresh_token_is_read_as_it_was_written() -> None:
    assert parse_refresh_token(format_refresh_token(PARTS)) == PARTS


@pytest.mark.parametrize(
    "token",
    ["", "a.b.c", "covey-refresh.a.b.c.d", format_refresh_token(PARTS)[:-1], format_refresh_token(PARTS) + "\n",
     format_refresh_token(PARTS).replace("usr_1", "*"), "x" * 1_000_000],
)  # fmt: skip
def test_what_is_no_refresh_token_is_told_apart(token: str) -> None:
    assert parse_refresh_token(token) is None


@pytest.mark.parametrize(
    ("changes", "presented"),
    [
        ({}, "current"),
        ({"turn_secret": "O" * 43}, "reused"),
        ({"family_secret": "O" * 43}, "unknown"),
        ({"family_secret": "O" * 43, "turn_secret": "O" * 43}, "unknown"),
    ],
)
def test_only_who_knows_the_family_can_be_a_thief(changes: dict[str, str], presented: str) -> None:
    given_ = msgspec.structs.replace(PARTS, **changes)
    hashes = {"family_hash": hash_secret("F" * 43), "turn_hash": hash_secret("T" * 43)}
    assert judge(given_, **hashes) == presented


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.booleans()), max_size=50))
def test_a_token_is_valid_exactly_when_it_was_issued_after_the_last_end(steps: list[tuple[float, bool]]) -> None:
    now, valid_after = 1000.0, 0.0
    issued: list[int] = []
    for pause, ends in steps:
        now += pause
        if ends:
            valid_after = next_valid_after(now, valid_after)
            assert all(each < valid_after for each in issued)
        else:
            issued.append(issue_time(now, valid_after))
            assert issued[-1] >= valid_after
