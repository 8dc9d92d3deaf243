"""Names that people give to their own things: shown, never looked up."""

from __future__ import annotations

from covey.errors import InvalidRequest

LONGEST = 100


def check_label(text: str, *, param: str, shortest: int = 0) -> str:
    """``text`` without white space around it. Raises InvalidRequest when it is too long or cannot be printed."""
    stripped = text.strip() if len(text) <= 4 * LONGEST else text
    if not shortest <= len(stripped) <= LONGEST or not stripped.isprintable():
        raise InvalidRequest(f"{param} has {shortest} to {LONGEST} printable characters", param=param)
    return stripped
