"""What an API key looks like: ``sk-covey-``, 256 random bits, and a checksum that shows typing errors.

The checksum protects nothing; it lets a mistyped key be refused, and a leaked one be found by scanners, without asking.
Only the SHA-256 is ever stored. A slow hash would add nothing: there are 256 bits to guess.
"""

from __future__ import annotations

import re
from hashlib import sha256
from zlib import crc32

PREFIX = "sk-covey-"
SECRET_BYTES = 32
SHOWN_CHARACTERS = 6
"""How many characters after the prefix are kept readable, for recognising a key in a list."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
"""Characters that 256 bits take in base 62."""
_CHECKSUM_LENGTH = 6
_PATTERN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}\Z")


def format_api_key(random: bytes) -> str:
    """The secret made of 32 random bytes. Raises ValueError for any other length."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"an API key is made of {SECRET_BYTES} random bytes")
    body = PREFIX + base62(int.from_bytes(random), _SECRET_LENGTH)
    return body + _checksum(body)


def looks_like_api_key(secret: str) -> bool:
    """Whether it has the form of one and its checksum is right; says nothing about whether it was ever issued."""
    if not _PATTERN.match(secret):
        return False
    return _checksum(secret[:-_CHECKSUM_LENGTH]) == secret[-_CHECKSUM_LENGTH:]


def hash_api_key(secret: str) -> str:
    """SHA-256 of the whole secret, hexadecimal: what is stored, and what an access record is filed under."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def shown_prefix(secret: str) -> str:
    """The beginning of a secret, for recognising it; the rest still has more than 200 random bits."""
    return secret[: len(PREFIX) + SHOWN_CHARACTERS]


def base62(number: int, length: int) -> str:
    """``number`` as exactly ``length`` digits, most significant first."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return base62(crc32(body.encode()), _CHECKSUM_LENGTH)
