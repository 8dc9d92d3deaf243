"""Which conversations hold the words that somebody looks for, and the piece of text that shows it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from covey.protocol.ids import MessageId

SNIPPET_CHARS = 160
BEFORE_CHARS = 40
MOST_WORDS = 20


class SearchText(msgspec.Struct, frozen=True):
    """One message's words."""

    message_id: MessageId
    text: str


class Found(msgspec.Struct, frozen=True):
    message_id: MessageId | None
    """None: the title shows it."""
    snippet: str


def find_words(words: Sequence[str], title: str, texts: Sequence[SearchText]) -> Found | None:
    """Where the words, case folded, are; None unless each is in the title or in a message.

    Of several messages the one with the most words is shown, and of those the last.
    """
    missing = set(words)
    folded_title = title.casefold()
    missing -= {word for word in missing if word in folded_title}
    best: SearchText | None = None
    best_count = 0
    for each in texts:
        folded = each.text.casefold()
        held = {word for word in words if word in folded}
        missing -= held
        if held and len(held) >= best_count:
            best, best_count = each, len(held)
    if missing:
        return None
    if best is None:
        return Found(None, title)
    return Found(best.message_id, snippet_of(best.text, words))


def snippet_of(text: str, words: Sequence[str]) -> str:
    """A line of at most 160 characters around the first of the words."""
    line = " ".join(text.split())
    folded = line.casefold()
    # Folding may change lengths (ß becomes ss); the place is then a few characters off, which does no harm.
    at = min((found for word in words if (found := folded.find(word)) >= 0), default=0)
    begin = max(0, min(at, len(line) - 1) - BEFORE_CHARS)
    if begin:
        space = line.find(" ", begin, begin + BEFORE_CHARS)
        begin = space + 1 if space >= 0 else begin
    piece = line[begin : begin + SNIPPET_CHARS - 2]
    return ("…" if begin else "") + piece.rstrip() + ("…" if begin + len(piece) < len(line) else "")
