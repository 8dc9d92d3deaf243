"""Keys and tokens for tests of verification."""

from __future__ import annotations

from base64 import urlsafe_b64encode as encode
from typing import Any

import msgspec
from joserfc import jws
from joserfc.jwk import OKPKey

from covey.domain.access_tokens import AUDIENCE, ISSUER, AccessClaims, SigningKey, VerificationKey
from covey.protocol.ids import SessionId, UserId

NOW = 1_700_000_000


class KeyPair:
    """A new Ed25519 pair under a key id."""

    def __init__(self, key_id: str = "jwk_one", *, not_before: float = 0.0, retired_after: float | None = None) -> None:
        self.jwk = OKPKey.generate_key("Ed25519")
        fields = self.jwk.as_dict(private=True)
        self.public, private = str(fields["x"]), str(fields["d"])
        self.signing = SigningKey(key_id, public_key=self.public, private_key=private)
        self.verification = VerificationKey(key_id, self.public, not_before=not_before, retired_after=retired_after)

    @property
    def known(self) -> dict[str, VerificationKey]:
        return {self.verification.key_id: self.verification}

    def forge(self, header: dict[str, Any], payload: bytes) -> str:
        """A token with a right signature and any header and payload at all."""
        head, body = (encode(part).rstrip(b"=") for part in (msgspec.json.encode(header), payload))
        signature = jws.JWSRegistry.algorithms["Ed25519"].sign(head + b"." + body, self.jwk)
        return b".".join((head, body, encode(signature).rstrip(b"="))).decode()


def claims(**changes: Any) -> AccessClaims:
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "user_id": UserId("usr_1"),
        "session_id": SessionId("ses_1"),
        "role": "member",
        "scopes": ("inference", "account"),
        "issued_at": NOW,
        "not_before": NOW,
        "expires_at": NOW + 600,
    }
    return AccessClaims(**{**fields, **changes})
