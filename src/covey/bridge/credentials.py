"""Reading the caller's credential: one header, never the query."""

from __future__ import annotations

import re

from covey.bridge.exchange import Exchange
from covey.errors import InvalidRequest, Unauthenticated

MAX_CREDENTIAL_BYTES = 8192
_TOKEN = re.compile(rb"[^ \t\x80-\xff]+")


def find_credential(exchange: Exchange) -> str | None:
    """The token of ``Authorization: Bearer`` or ``x-api-key``; None when there is neither.

    Raises InvalidRequest when both are there, or one is malformed: which of two people is asking must never be a guess.
    """
    authorization = exchange.headers.get(b"authorization")
    api_key = exchange.headers.get(b"x-api-key")
    if authorization is None:
        return None if api_key is None else _checked(api_key)
    if api_key is not None:
        raise InvalidRequest("send one credential: either authorization or x-api-key", param="authorization")
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        raise Unauthenticated("the authorization header must be 'Bearer' and a token")
    return _checked(token.strip(b" "))


def require_credential(exchange: Exchange) -> str:
    """Raises Unauthenticated when there is none."""
    credential = find_credential(exchange)
    if credential is None:
        raise Unauthenticated("send an API key or access token as 'Authorization: Bearer …'")
    return credential


def _checked(token: bytes) -> str:
    if len(token) > MAX_CREDENTIAL_BYTES or _TOKEN.fullmatch(token) is None:
        raise Unauthenticated("the credential is malformed")
    return token.decode("ascii")
