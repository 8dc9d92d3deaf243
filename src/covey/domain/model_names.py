"""Names of models: made from file names, looked up and never anything else, and the nearest ones to a name unknown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LONGEST_NAME = 128
VALID_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*(:[A-Za-z0-9][A-Za-z0-9._-]*)?\Z")
QUANTIZATION = re.compile(r"[.-]((iq|q|tq)\d(_[a-z0-9]+)*|f16|f32|bf16|mxfp4|fp16)$", re.IGNORECASE)
SUGGESTIONS = 3


def is_valid(name: str) -> bool:
    """Whether a model may be called so: ``family:tag``, with folders before it at most."""
    return len(name) <= LONGEST_NAME and VALID_NAME.match(name) is not None and ".." not in name


def from_file_name(file_name: str) -> str:
    """``SmolLM2-135M-Instruct.Q4_1.gguf`` → ``smollm2-135m-instruct``."""
    stem = re.sub(r"\.gguf$", "", file_name, flags=re.IGNORECASE)
    stem = QUANTIZATION.sub("", stem)
    plain = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")
    return re.sub(r"\.\.+", ".", plain)[:LONGEST_NAME] or "model"


def family(name: str) -> str:
    """``smollm2:135m`` → ``smollm2``."""
    return name.partition(":")[0]


def spellings(name: str) -> tuple[str, ...]:
    """How ``name`` may be meant, the likeliest first. Each is looked up; none is ever more than a key."""
    plain = name.removesuffix(":latest")
    return tuple(dict.fromkeys((name, plain, plain.lower())))


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """At most three known names that ``name`` may have been meant for."""
    lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name[:LONGEST_NAME].lower(), lowered, n=SUGGESTIONS, cutoff=0.5)
    return [lowered[match] for match in found]
