"""Attacks on access tokens that verification alone has to stand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any

import msgspec
import pytest

from covey.domain.access_tokens import TokenRefused, sign_access_token, verify_access_token
from covey.domain.api_keys import format_api_key
from tests.helpers.signing import NOW, KeyPair, claims

PAIR = KeyPair()
GOOD = {"alg": "Ed25519", "typ": "at+jwt", "kid": "jwk_one"}
PAYLOAD = msgspec.json.encode(claims())


def reason_of(token: str, *, now: float = NOW) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify_access_token(token, PAIR.known, now)
    assert caught.value.detail == "the credential is not valid: unknown, expired or revoked"
    return caught.value.reason


def test_the_forge_makes_valid_tokens() -> None:
    assert verify_access_token(PAIR.forge(GOOD, PAYLOAD), PAIR.known, NOW) == claims()


@pytest.mark.parametrize("spelling", ["none", "None", "nOnE", "", None, ["none"], ["Ed25519"], "EdDSA", "ed25519", 1])
def test_a1_no_spelling_of_another_algorithm_is_accepted(spelling: Any) -> None:
    header = {**GOOD, "alg": spelling}
    assert reason_of(PAIR.forge(header, PAYLOAD)) == "alg"
    head, body, _ = PAIR.forge(header, PAYLOAD).split(".")
    assert reason_of(f"{head}.{body}.") == "format"


def test_a1_an_absent_algorithm_is_refused() -> None:
    assert reason_of(PAIR.forge({"typ": "at+jwt", "kid": "jwk_one"}, PAYLOAD)) == "alg"


def public_key_forms() -> list[bytes]:
    forms = [PAIR.public.encode(), base64.urlsafe_b64decode(PAIR.public + "=")]
    forms += [PAIR.jwk.as_pem(private=False), PAIR.jwk.as_der(private=False)]
    forms += [msgspec.json.encode(PAIR.jwk.as_dict(private=False))]
    forms += [b"ssh-ed25519 " + base64.b64encode(b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + forms[1])]
    return forms


@pytest.mark.parametrize("secret", public_key_forms(), ids=["x", "raw", "pem", "der", "jwk", "ssh"])
@pytest.mark.parametrize("algorithm", ["HS256", "Ed25519"])
def test_a2_the_public_key_is_no_secret_of_an_hmac(secret: bytes, algorithm: str) -> None:
    head, body, _ = PAIR.forge({**GOOD, "alg": algorithm}, PAYLOAD).split(".")
    mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    for signature in (mac, mac + mac):
        assert reason_of(f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}") in (
            "alg",
            "signature",
        )


@pytest.mark.parametrize("crit", [["x"], [], ["b64"], "x", None])
def test_a3_a_critical_header_is_refused(crit: Any) -> None:
    assert reason_of(PAIR.forge({**GOOD, "crit": crit, "x": 1, "b64": False}, PAYLOAD)) == "header"


class WatchedKeys(dict[str, Any]):
    """Remembers what was looked up."""

    asked: list[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.append(key)
        return super().get(key, default)


@pytest.mark.parametrize(
    "kid",
    ["", "unknown", "x" * 1000000, "../../dev/null", "' OR 1=1", "*", ">", "a.b", "http://e.example/k", "a\n", 7, None,
     ["jwk_one"], {"a": 1}],
)  # fmt: skip
def test_a4_a_key_id_is_looked_up_only_when_it_could_be_one(kid: Any) -> None:
    keys = WatchedKeys(PAIR.known)
    keys.asked = []
    with pytest.raises(TokenRefused):
        verify_access_token(PAIR.forge({**GOOD, "kid": kid}, PAYLOAD), keys, NOW)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", asked) for asked in keys.asked)


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "x5t", "cty", "zip"])
def test_a5_a_key_that_the_token_brings_along_is_refused(name: str) -> None:
    stranger = KeyPair()
    value: Any = stranger.jwk.as_dict(private=False) if name == "jwk" else "https://canary.example/keys.json"
    assert reason_of(stranger.forge({**GOOD, name: value}, PAYLOAD)) == "header"
    assert reason_of(stranger.forge(GOOD, PAYLOAD)) == "signature"


def test_a6_a_retired_key_verifies_in_its_grace_and_not_after() -> None:
    old = KeyPair("jwk_old", retired_after=NOW + 690)
    token = sign_access_token(claims(expires_at=NOW + 3600), old.signing)
    assert verify_access_token(token, old.known, NOW + 690).user_id == "usr_1"
    with pytest.raises(TokenRefused):
        verify_access_token(token, old.known, NOW + 691)


def test_a6_a_key_that_is_not_published_yet_does_not_verify() -> None:
    following = KeyPair("jwk_next")
    with pytest.raises(TokenRefused) as caught:
        verify_access_token(sign_access_token(claims(), following.signing), PAIR.known, NOW)
    assert caught.value.reason == "kid"


def payload_with(field: str, literal: str) -> bytes:
    values = msgspec.json.decode(PAYLOAD)
    return msgspec.json.encode({**values, field: msgspec.Raw(literal.encode())})


@pytest.mark.parametrize("field", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "literal",
    ["1e400", "NaN", "Infinity", "-1", "1.5", f"{NOW}.0", f'"{NOW}"', "null", "true", "[]", "{}", "9" * 40, "2e10"],
)
def test_a7_a_time_that_is_no_whole_number_is_refused(field: str, literal: str) -> None:
    assert reason_of(PAIR.forge(GOOD, payload_with(field, literal))) in ("claims", "time")


@pytest.mark.parametrize(
    ("changes", "now", "valid"),
    [
        ({}, NOW + 629, True),
        ({}, NOW + 630, False),
        ({"issued_at": NOW + 30}, NOW, True),
        ({"issued_at": NOW + 31}, NOW, False),
        ({"not_before": NOW + 30}, NOW, True),
        ({"not_before": NOW + 31}, NOW, False),
        ({"issued_at": NOW, "expires_at": NOW}, NOW, False),
        ({}, NOW + 300, True),
        ({}, NOW - 300, False),
    ],
)
def test_a7_the_leeway_is_thirty_seconds_at_the_boundary(changes: dict[str, Any], now: float, valid: bool) -> None:
    token = sign_access_token(claims(**changes), PAIR.signing)
    if valid:
        assert verify_access_token(token, PAIR.known, now)
    else:
        assert reason_of(token, now=now) == "time"


@pytest.mark.parametrize("field", ["exp", "nbf", "iat", "sub", "sid", "aud", "iss", "role", "scopes"])
def test_a7_a_missing_claim_is_refused(field: str) -> None:
    values = {name: value for name, value in msgspec.json.decode(PAYLOAD).items() if name != field}
    assert reason_of(PAIR.forge(GOOD, msgspec.json.encode(values))) == "claims"


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"", b"{", b"\xff\xfe", b"[" * 3000])
def test_a7_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    assert reason_of(PAIR.forge(GOOD, payload)) in ("claims", "format")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("aud", "other", "aud"),
        ("aud", ["covey"], "claims"),
        ("aud", "covey ", "aud"),
        ("iss", "other", "iss"),
        ("iss", ["covey"], "claims"),
        ("sub", "a.b", "claims"),
        ("sub", ">", "claims"),
        ("sub", "usr_1\n", "claims"),
        ("sid", "*", "claims"),
        ("role", "owner", "claims"),
        ("scopes", ["everything"], "claims"),
    ],
)
def test_a8_a_token_for_somebody_else_is_refused(field: str, value: Any, reason: str) -> None:
    values = {**msgspec.json.decode(PAYLOAD), field: value}
    assert reason_of(PAIR.forge(GOOD, msgspec.json.encode(values))) == reason


@pytest.mark.parametrize("kind", ["JWT", "rt+jwt", "AT+JWT", "application/at+jwt", "", None, ["at+jwt"]])
def test_a8_a_token_of_another_type_is_refused(kind: Any) -> None:
    assert reason_of(PAIR.forge({**GOOD, "typ": kind}, PAYLOAD)) == "typ"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "é.é.é", "\ud800.a.a", " ".join("a.b.c"), format_api_key(bytes(32)),
     "covey-refresh.usr_1.ses_1.aaaa.bbbb", "A" * 100_000],
)  # fmt: skip
def test_a8_what_is_no_access_token_is_refused(text: str) -> None:
    assert reason_of(text) in ("format", "header")


def test_a12_tokens_that_begin_alike_are_told_apart() -> None:
    tokens = [sign_access_token(claims(user_id=f"usr_{number}"), PAIR.signing) for number in range(100)]
    assert len({token[:64] for token in tokens}) == 1
    found = [verify_access_token(token, PAIR.known, NOW).user_id for token in tokens]
    assert found == [f"usr_{number}" for number in range(100)]
