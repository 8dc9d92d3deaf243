"""Access tokens: short-lived JWTs, signed with Ed25519, that every gateway verifies on its own.

Verification takes nothing from the token that it could decide by itself: the algorithm is the key record's, the key is
one that the auth worker published, and a header with anything but ``alg``, ``typ`` and ``kid`` is refused whole. What
was wrong is said in ``reason``, for counters; the answer to a stranger is always the same.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from covey.errors import StoreCorrupt, Unauthenticated
from covey.protocol.auth import AccessSigningKey, Role, Scope
from covey.protocol.ids import SessionId, UserId

ALGORITHM = "Ed25519"
TOKEN_TYPE = "at+jwt"
ISSUER = "covey"
AUDIENCE = "covey"
LEEWAY_S = 30
"""How far the clocks of two machines may be apart."""
LONGEST_TOKEN = 4096

RefusalReason = Literal["format", "header", "alg", "typ", "kid", "signature", "claims", "iss", "aud", "time"]

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+\Z")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_HEADER_FIELDS = {"alg", "typ", "kid"}

_Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class TokenRefused(Unauthenticated):
    """The token is not valid. The detail is the same for every reason."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__("the credential is not valid: unknown, expired or revoked")
        self.reason: RefusalReason = reason
        """For counters and tests; never for the answer."""


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified access token says. Times are whole Unix seconds."""

    issuer: str = msgspec.field(name="iss")
    audience: str = msgspec.field(name="aud")
    user_id: UserId = msgspec.field(name="sub")
    session_id: SessionId = msgspec.field(name="sid")
    role: Role
    scopes: tuple[Scope, ...]
    """Already cut down to what the role allowed when the token was issued."""
    issued_at: int = msgspec.field(name="iat")
    not_before: int = msgspec.field(name="nbf")
    expires_at: int = msgspec.field(name="exp")


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The claims as they arrive; stricter than what the rest of the code needs to know."""

    iss: str
    aud: str
    sub: _Id
    sid: _Id
    role: Role
    scopes: tuple[Scope, ...]
    iat: _Seconds
    nbf: _Seconds
    exp: _Seconds


class VerificationKey:
    """A published public key, parsed once."""

    __slots__ = ("jwk", "key_id", "not_before", "retired_after")

    def __init__(
        self, key_id: str, public_key: str, *, not_before: float = 0.0, retired_after: float | None = None
    ) -> None:
        """``public_key`` is the ``x`` of the JWK. Raises StoreCorrupt when it is no Ed25519 public key."""
        self.key_id = key_id
        self.jwk = _okp({"kty": "OKP", "crv": ALGORITHM, "x": public_key})
        self.not_before = not_before
        self.retired_after = retired_after

    @classmethod
    def from_record(cls, record: AccessSigningKey) -> VerificationKey:
        return cls(record.key_id, record.public_key, not_before=record.not_before, retired_after=record.retired_after)

    def valid_at(self, now: float) -> bool:
        return self.not_before - LEEWAY_S <= now and (self.retired_after is None or now <= self.retired_after)


class SigningKey:
    """A private key, parsed once. Only the auth worker has any."""

    __slots__ = ("jwk", "key_id")

    def __init__(self, key_id: str, *, public_key: str, private_key: str) -> None:
        """The ``x`` and the ``d`` of the JWK. Raises StoreCorrupt when they are no pair."""
        self.key_id = key_id
        self.jwk = _okp({"kty": "OKP", "crv": ALGORITHM, "x": public_key, "d": private_key})


def sign_access_token(claims: AccessClaims, key: SigningKey) -> str:
    """The token: header, claims and signature, each base64url, joined by dots."""
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": key.key_id}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key.jwk, algorithms=[ALGORITHM])


def verify_access_token(
    token: str,
    keys: Mapping[str, VerificationKey],
    now: float,
    *,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> AccessClaims:
    """The claims of a token that is valid at ``now`` (Unix seconds), with half a minute of leeway.

    Whether the session, the user or the role still stand is not decided here: the access records say so. Raises
    TokenRefused, which is Unauthenticated, and nothing else.
    """
    header, payload = _parts(token)
    key = _key_for(header, keys, now)
    try:
        signed = jws.deserialize_compact(token, key.jwk, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise TokenRefused("signature") from error
    if signed.payload != payload:
        raise TokenRefused("signature")
    claims = _claims(payload)
    if claims.issuer != issuer:
        raise TokenRefused("iss")
    if claims.audience != audience:
        raise TokenRefused("aud")
    if not _timely(claims, now):
        raise TokenRefused("time")
    return claims


def _parts(token: str) -> tuple[bytes, bytes]:
    """Header and payload, decoded; each segment in its one canonical spelling."""
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("format")
    segments = token.split(".")
    if len(segments) != 3:
        raise TokenRefused("format")
    header, payload, _ = (_decoded(segment) for segment in segments)
    return header, payload


def _decoded(segment: str) -> bytes:
    if not _SEGMENT.match(segment) or len(segment) % 4 == 1:
        raise TokenRefused("format")
    raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise TokenRefused("format")
    return raw


def _key_for(header: bytes, keys: Mapping[str, VerificationKey], now: float) -> VerificationKey:
    try:
        fields = msgspec.json.decode(header)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TokenRefused("header") from error
    if not isinstance(fields, dict):
        raise TokenRefused("header")
    if fields.get("alg") != ALGORITHM:
        raise TokenRefused("alg")
    if fields.get("typ") != TOKEN_TYPE:
        raise TokenRefused("typ")
    if set(fields) != _HEADER_FIELDS:
        raise TokenRefused("header")  # crit, b64, jku, x5u, jwk and whatever else wants to be obeyed
    key_id = fields["kid"]
    if not isinstance(key_id, str) or not _KEY_ID.match(key_id):
        raise TokenRefused("kid")
    key = keys.get(key_id)
    if key is None or not key.valid_at(now):
        raise TokenRefused("kid")
    return key


def _claims(payload: bytes) -> AccessClaims:
    try:
        checked = msgspec.json.decode(payload, type=_Payload)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TokenRefused("claims") from error
    return AccessClaims(
        issuer=checked.iss,
        audience=checked.aud,
        user_id=UserId(checked.sub),
        session_id=SessionId(checked.sid),
        role=checked.role,
        scopes=checked.scopes,
        issued_at=checked.iat,
        not_before=checked.nbf,
        expires_at=checked.exp,
    )


def _timely(claims: AccessClaims, now: float) -> bool:
    """From ``nbf`` on and before ``exp``, each with the leeway; ``iat`` not in the future by more than it."""
    return (
        claims.issued_at <= now + LEEWAY_S
        and claims.not_before <= now + LEEWAY_S
        and now < claims.expires_at + LEEWAY_S
        and claims.issued_at < claims.expires_at
    )


def _okp(fields: dict[str, str]) -> OKPKey:
    try:
        key = OKPKey.import_key(dict(fields))
        key.get_op_key("sign" if "d" in fields else "verify")
    except (JoseError, ValueError, TypeError) as error:
        raise StoreCorrupt("a signing key cannot be read") from error
    return key
