"""Signatures of calls between processes: who vouches for the identity that a call carries, and who believes it.

The server's permissions keep callers apart; this holds also where they were given wrongly. What is signed is the whole
question: where it goes, where it is answered (which holds its running number, so that it counts once), its headers with
the identity, the deadline and the digest of its body. Calls within a process need no signature.

Ed25519 is RFC 8032; the keys are those that the processes show to the nats-server.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import structlog
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from covey.errors import Forbidden
from covey.protocol import subjects

_log = structlog.get_logger(__name__)

SIGNED_SERVICES = ("auth", "processor")
"""They believe the identity that a call carries. The others believe credentials, and nothing else."""
SIGNED_HEADERS = (
    subjects.HEADER_REQUEST_ID,
    subjects.HEADER_SENT_MS,
    subjects.HEADER_DEADLINE_MS,
    subjects.HEADER_CALLER,
    subjects.HEADER_IDENTITY,
    subjects.HEADER_IDEMPOTENCY_KEY,
    subjects.HEADER_TRACEPARENT,
    subjects.HEADER_CLIENT_ADDRESS,
    subjects.HEADER_SIZE,
    subjects.HEADER_DIGEST,
)
_PURPOSE = b"covey call 1\n"


class CallSignatures:
    """Signs what this process asks, and checks what it is asked.

    ``key`` and ``public_key`` are this process's own, the public one as the mesh writes it; ``callers`` are the keys
    that each service believes. A service that is not in there asks for no signature.
    """

    def __init__(
        self,
        key: SigningKey | None = None,
        public_key: str = "",
        callers: Mapping[str, Mapping[str, VerifyKey]] | None = None,
    ) -> None:
        self._key = key
        self._public_key = public_key
        self._callers = callers or {}

    def sign(
        self, service: str, subject: str, reply: str, headers: Mapping[str, str], payload: bytes
    ) -> Mapping[str, str]:
        """The headers of a question with its signature. ``payload`` is all of it, also when it travels in parts."""
        if self._key is None or service not in SIGNED_SERVICES:
            return headers
        signed = {**headers, subjects.HEADER_DIGEST: hashlib.sha256(payload).hexdigest()}
        signature = base64.b64encode(self._key.sign(signed_bytes(subject, reply, signed)).signature).decode()
        signed[subjects.HEADER_SIGNATURE] = f"{self._public_key}.{signature}"
        return signed

    def check(self, service: str, subject: str, reply: str, headers: Mapping[str, str]) -> None:
        """Raises Forbidden when the question is not as one of the service's callers signed it. Its body is held to the
        digest later, by :meth:`check_payload`."""
        callers = self._callers.get(service)
        if callers is None:
            return
        name, _, signature = headers.get(subjects.HEADER_SIGNATURE, "").partition(".")
        key = callers.get(name)
        try:
            if key is None:
                raise BadSignatureError
            key.verify(signed_bytes(subject, reply, headers), base64.b64decode(signature, validate=True))
        except (BadSignatureError, ValueError) as error:
            _log.warning("call_not_signed", service=service, known_key=key is not None)
            raise Forbidden("the call is not signed by anybody who may make it") from error

    def check_payload(self, service: str, digest: str | None, payload: bytes) -> None:
        """Raises Forbidden when the body is another one than was signed."""
        if service in self._callers and hashlib.sha256(payload).hexdigest() != digest:
            _log.warning("call_not_signed", service=service, known_key=True)
            raise Forbidden("the call is not signed by anybody who may make it")


def signed_bytes(subject: str, reply: str, headers: Mapping[str, str]) -> bytes:
    """One line each: the purpose, the subject, the place of the answer, and those headers that are there."""
    lines = [subject, reply, *(f"{name}: {headers[name]}" for name in SIGNED_HEADERS if name in headers)]
    return _PURPOSE + "\n".join(lines).encode()
