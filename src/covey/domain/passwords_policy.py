"""Which passwords are taken: long enough, short enough to hash, and not among the first that anybody would try."""

from __future__ import annotations

import unicodedata

from covey.domain.usernames import canonical_username, skeleton_of
from covey.errors import InvalidRequest

SHORTEST_BYTES = 10
LONGEST_BYTES = 1024
FEWEST_DIFFERENT = 4
"""Different characters that a password has at least."""

COMMONEST = frozenset(
    """
    0123456789 0987654321 1234567890 12345678910 123456789a 123456789q 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1234554321
    1029384756 1122334455 3141592653 9876543210 a123456789 abc123456789 abcd123456 abcdefghij abcdefghijk adminadmin
    admin12345 admin123456 administrator asdfasdfasdf asdfghjkl1 asdfghjkl; baseball123 basketball butterfly1
    change-me-now changeme123 changeme1234 charlie123 chocolate1 computer123 correcthorsebatterystaple
    covey12345 default123 dragon12345 dragonball football123 football1234 helloworld helloworld1 iloveyou12 iloveyou123
    iloveyou1234 jennifer123 letmein123 letmein1234 letmeinnow liverpool1 manchester master12345 michael123
    microsoft1 monkey12345 mypassword mypassword1 p@ssw0rd123 p@ssword123 pa55word123 passw0rd123 passw0rd1234
    password01 password10 password11 password12 password123 password1234 password12345 password123456 password!1
    password1! password123! passwordpassword princess12 princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedc1 qazwsxedcrfv
    qwer123456 qwerty1234 qwerty12345 qwerty123456 qwertyuiop qwertyuiop1 qwertyuiop123 qwertyuiop[] qwertyqwerty
    sample-password secret12345 starwars123 sunshine12 sunshine123 superman12 superman123 testtest123 test123456
    testpassword trustno1234 unknown123 user123456 welcome123 welcome1234 welcome2024 welcome2025 welcome2026 welcome12!
    whatever123 zaq12wsxcde3 zxcvbnm123 zxcvbnm1234
    """.split()
)


def normal_password(password: str) -> str:
    """The same characters whatever keyboard they were typed on (NFKC), as they are hashed.

    Raises InvalidRequest when it is longer than may be hashed, or not text.
    """
    if _size_bytes(password) > LONGEST_BYTES:
        raise _too_long()
    normal = unicodedata.normalize("NFKC", password)
    if _size_bytes(normal) > LONGEST_BYTES:
        raise _too_long()
    return normal


def check_new_password(password: str, username: str, *, param: str = "password") -> str:
    """The normal form of a password that may be set for the account of that canonical name. Raises InvalidRequest."""
    try:
        normal = normal_password(password)
    except InvalidRequest as error:
        raise InvalidRequest(error.detail, param=param) from error
    if _size_bytes(normal) < SHORTEST_BYTES:
        raise InvalidRequest(f"a password has at least {SHORTEST_BYTES} bytes", param=param)
    if _same_as_name(normal, username):
        raise InvalidRequest("the password is the username", param=param)
    if normal.casefold() in COMMONEST or len(set(normal)) < FEWEST_DIFFERENT:
        raise InvalidRequest("the password is too easy to guess", param=param)
    return normal


def _same_as_name(password: str, username: str) -> bool:
    try:
        return skeleton_of(canonical_username(password)) == skeleton_of(username)
    except InvalidRequest:
        return False


def _size_bytes(text: str) -> int:
    if len(text) > LONGEST_BYTES:
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidRequest("a password is made of characters", param="password") from error


def _too_long() -> InvalidRequest:
    return InvalidRequest(f"a password has at most {LONGEST_BYTES} bytes", param="password")
