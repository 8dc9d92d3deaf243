from __future__ import annotations

import pytest

from covey.domain.access_tokens import (
    AUDIENCE,
    ISSUER,
    SigningKey,
    TokenRefused,
    VerificationKey,
    sign_access_token,
    verify_access_token,
)
from covey.errors import StoreCorrupt, Unauthenticated
from covey.protocol.auth import AccessSigningKey
from tests.helpers.signing import NOW, KeyPair, claims

PAIR = KeyPair()


def test_a_signed_token_yields_its_claims() -> None:
    token = sign_access_token(claims(), PAIR.signing)
    assert verify_access_token(token, PAIR.known, NOW, issuer=ISSUER, audience=AUDIENCE) == claims()


def test_every_refusal_reads_the_same() -> None:
    details = set()
    for token in ("", "a.b.c", sign_access_token(claims(issuer="other"), PAIR.signing)):
        with pytest.raises(Unauthenticated) as caught:
            verify_access_token(token, PAIR.known, NOW)
        details.add((caught.value.detail, caught.value.code))
    assert len(details) == 1


@pytest.mark.parametrize(("offset_s", "valid"), [(-31, False), (-30, True), (0, True), (629, True), (630, False)])
def test_the_leeway_is_half_a_minute_to_the_second(offset_s: int, valid: bool) -> None:
    token = sign_access_token(claims(), PAIR.signing)
    if valid:
        assert verify_access_token(token, PAIR.known, NOW + offset_s).user_id == "usr_1"
    else:
        with pytest.raises(TokenRefused) as caught:
            verify_access_token(token, PAIR.known, NOW + offset_s)
        assert caught.value.reason == "time"


def test_a_key_counts_from_its_first_day_to_its_retirement() -> None:
    key = VerificationKey("jwk_one", PAIR.public, not_before=100.0, retired_after=200.0)
    assert [key.valid_at(now) for now in (69.0, 70.0, 200.0, 200.1)] == [False, True, True, False]


def test_a_record_of_the_access_bucket_becomes_a_verification_key() -> None:
    record = AccessSigningKey(key_id="jwk_one", public_key=PAIR.public, not_before=5.0, retired_after=9.0)
    key = VerificationKey.from_record(record)
    assert (key.key_id, key.not_before, key.retired_after) == ("jwk_one", 5.0, 9.0)


@pytest.mark.parametrize("public", ["", "AAAA", "not base64!", "A" * 200])
def test_a_damaged_public_key_is_named_as_damage(public: str) -> None:
    with pytest.raises(StoreCorrupt):
        VerificationKey("jwk_one", public)


def test_a_damaged_private_key_is_named_as_damage() -> None:
    with pytest.raises(StoreCorrupt):
        SigningKey("jwk_one", public_key=PAIR.public, private_key="AAAA")


def test_a_token_with_trailing_bits_changed_is_refused() -> None:
    token = sign_access_token(claims(), PAIR.signing)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(token[-1]) ^ 1]
    with pytest.raises(TokenRefused):
        verify_access_token(token[:-1] + other, PAIR.known, NOW)
