"""What ``covey join`` is given: one line of text with all that a machine needs to ask to be let in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NoReturn

import msgspec

from covey.errors import InvalidRequest

PREFIX = "join-covey-"
SECRET_BYTES = 32
PIN_BYTES = 32
MOST_ADDRESSES = 8
LONGEST = 2048
_CHECK_BYTES = 4
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):[0-9]{1,5}")


class JoinToken(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """An invitation, as the machine that is invited holds it. It is a secret until it was used."""

    addresses: tuple[str, ...]
    """Where the mesh may be reached, ``host:port`` each, to be tried in this order."""
    pin: bytes
    """SHA-256 of the public key in the certificate that the server there has to show."""
    secret: bytes
    """The seed of the invitation's own key pair, which signs what the server asks it to; it is never sent."""
    expires_at: int
    """Unix seconds."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(JoinToken)


def encode(token: JoinToken) -> str:
    """The line of text. Raises InvalidRequest when a part is malformed."""
    _check(token)
    body = _encoder.encode(token)
    return PREFIX + base64.urlsafe_b64encode(body + _checksum(body)).decode().rstrip("=")


def decode(text: str) -> JoinToken:
    """The parts of a token, or InvalidRequest; never anything that is only nearly one."""
    text = text.strip()
    if not text.startswith(PREFIX) or len(text) > LONGEST:
        _refuse()
    packed = text.removeprefix(PREFIX)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", packed):
        _refuse()
    try:
        content = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        if _checksum(body) != check:  # a slip of the pen, not an attack: whoever wants to can compute it
            _refuse("the invitation is incomplete or has a typing error: copy it as a whole")
        token = _decoder.decode(body)
    except (binascii.Error, ValueError) as error:  # msgspec's errors are of that kind
        raise InvalidRequest("this is no invitation", param="token") from error
    _check(token)
    return token


def _check(token: JoinToken) -> None:
    if len(token.pin) != PIN_BYTES or len(token.secret) != SECRET_BYTES or token.expires_at <= 0:
        _refuse()
    if not 1 <= len(token.addresses) <= MOST_ADDRESSES:
        _refuse()
    for address in token.addresses:
        if not is_address(address):
            _refuse()


def is_address(text: str) -> bool:
    """Whether it is ``host:port`` and nothing else."""
    return _ADDRESS.fullmatch(text) is not None and 0 < int(text.rpartition(":")[2]) < 65536


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"covey join\0" + body).digest()[:_CHECK_BYTES]


def _refuse(detail: str = "this is no invitation") -> NoReturn:
    raise InvalidRequest(detail, param="token")
