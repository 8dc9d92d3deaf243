from __future__ import annotations

import hashlib

import pytest
from nacl.signing import SigningKey

from covey.errors import Forbidden
from covey.protocol import subjects
from covey.rpc.signing import CallSignatures, signed_bytes

KEY = SigningKey(b"k" * 32)
HEADERS = {subjects.HEADER_REQUEST_ID: "req_1", subjects.HEADER_IDENTITY: "{}", "Other": "x"}


def test_the_signed_bytes_are_lines_in_one_order() -> None:
    given = {subjects.HEADER_DIGEST: "d", "Other": "x", subjects.HEADER_IDENTITY: "{}", subjects.HEADER_REQUEST_ID: "r"}
    assert signed_bytes("rpc.auth.login", "_INBOX_gateway.a.auth.t1", given) == (
        b"covey call 1\nrpc.auth.login\n_INBOX_gateway.a.auth.t1\n"
        b"Covey-Request-Id: r\nCovey-Identity: {}\nCovey-Digest: d"
    )


def test_only_services_that_believe_identities_are_asked_with_a_signature() -> None:
    signs = CallSignatures(KEY, "UKEY")
    assert signs.sign("client", "s", "r", HEADERS, b"body") is HEADERS
    signed = signs.sign("auth", "s", "r", HEADERS, b"body")
    assert signed[subjects.HEADER_DIGEST] == hashlib.sha256(b"body").hexdigest()
    assert signed[subjects.HEADER_SIGNATURE].startswith("UKEY.")
    assert CallSignatures().sign("auth", "s", "r", HEADERS, b"body") is HEADERS


def test_a_service_without_known_callers_asks_for_no_signature() -> None:
    asks = CallSignatures(callers={"auth": {"UKEY": KEY.verify_key}})
    asks.check("processor", "s", "r", HEADERS)
    asks.check_payload("processor", None, b"body")
    with pytest.raises(Forbidden):
        asks.check("auth", "s", "r", HEADERS)
    with pytest.raises(Forbidden):
        asks.check_payload("auth", None, b"body")


def test_a_signature_holds_for_what_was_signed() -> None:
    signed = CallSignatures(KEY, "UKEY").sign("auth", "s", "r", HEADERS, b"body")
    asks = CallSignatures(callers={"auth": {"UKEY": KEY.verify_key}})
    asks.check("auth", "s", "r", signed)
    asks.check_payload("auth", signed[subjects.HEADER_DIGEST], b"body")
    for subject, reply in (("s2", "r"), ("s", "r2")):
        with pytest.raises(Forbidden):
            asks.check("auth", subject, reply, signed)
    with pytest.raises(Forbidden):
        asks.check_payload("auth", signed[subjects.HEADER_DIGEST], b"other")
