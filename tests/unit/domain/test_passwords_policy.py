from __future__ import annotations

import pytest

from covey.domain.passwords_policy import COMMONEST, check_new_password, normal_password
from covey.errors import InvalidRequest


@pytest.mark.parametrize("password", ["ten bytes!", "a" * 1019 + "bcdef", "pässwörtlich", "🙂🙃😀😁😂 ok"])
def test_a_password_of_allowed_length_is_taken(password: str) -> None:
    assert check_new_password(password, "alice") == password


@pytest.mark.parametrize(
    "password",
    ["", "short", "nine byte", "a" * 1025, "é" * 513, "x" * 5_000_000, "\ud800 surrogate", "aaaaaaaaaaaa",
     "abcabcabcabc", "Password123", "QWERTYUIOP", "correcthorsebatterystaple"],
)  # fmt: skip
def test_a_password_that_is_too_short_long_or_common_is_refused(password: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_new_password(password, "alice", param="new_password")
    assert caught.value.param == "new_password"
    assert not password or password not in caught.value.detail


@pytest.mark.parametrize("password", ["alice.smith", "Alice.Smith", "ALICE.SMITH", "a1ice.smith"])
def test_the_username_is_no_password(password: str) -> None:
    with pytest.raises(InvalidRequest):
        check_new_password(password, "alice.smith")


def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    assert normal_password("pa\u0308ssword ok") == normal_password("p\u00e4ssword ok")


def test_what_grows_too_long_by_folding_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        normal_password("\ufdfa" * 340)


def test_the_commonest_are_those_that_length_alone_would_let_pass() -> None:
    assert len(COMMONEST) > 100
    assert [each for each in COMMONEST if len(each.encode()) < 10 or each != each.casefold()] == []
