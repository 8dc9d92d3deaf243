"""Usernames: one canonical form per name, and one skeleton per family of names that look alike.

Letters ``a-z``, digits and ``. _ - @ +`` only, so that a name reads the same in every font and script. What a person
types is first folded (NFKC, then case), so ``Alice`` and the full-width form are the same name; letters of other
scripts that look like Latin ones, invisible characters and white space are refused rather than guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

from covey.errors import InvalidRequest

SHORTEST = 3
LONGEST = 64
_LONGEST_RAW = 256
"""Folding can make a text eighteen times longer; nothing longer than this is looked at."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,62}[a-z0-9]\Z")
_LOOK_ALIKES = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"))


def canonical_username(text: str) -> str:
    """The form that is stored, shown and compared. Raises InvalidRequest; the text is never repeated in the error."""
    if len(text) > _LONGEST_RAW:
        raise _refused()
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if not _NAME.match(name):
        raise _refused()
    return name


def skeleton_of(name: str) -> str:
    """What a canonical name looks like at a glance; two accounts never have the same."""
    for pattern, replacement in _LOOK_ALIKES:
        name = name.replace(pattern, replacement)
    return name


def name_hash(name: str) -> str:
    """What stands for a canonical name in a store key: nothing that a person typed is ever part of one."""
    return sha256(skeleton_of(name).encode()).hexdigest()


def _refused() -> InvalidRequest:
    return InvalidRequest(
        f"a username has {SHORTEST} to {LONGEST} letters a-z, digits and . _ - @ +, and begins and ends with a letter"
        " or a digit",
        param="username",
    )
