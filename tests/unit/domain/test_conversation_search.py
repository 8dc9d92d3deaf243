from __future__ import annotations

import pytest

from covey.domain.conversation_search import SNIPPET_CHARS, Found, SearchText, find_words, snippet_of
from covey.protocol.ids import MessageId


def texts(*found: str) -> list[SearchText]:
    return [SearchText(MessageId(str(number)), text) for number, text in enumerate(found)]


def test_every_word_must_be_somewhere() -> None:
    assert find_words(["wörd", "two"], "Some WÖRD", texts("number two")) == Found(MessageId("0"), "number two")
    assert find_words(["one", "three"], "one", texts("two")) is None
    assert find_words(["one"], "One", ()) == Found(None, "One")


def test_the_message_with_the_most_words_is_shown_and_of_those_the_last() -> None:
    found = find_words(["a1", "b2"], "", texts("a1", "a1 b2 first", "b2 a1 last", "b2"))
    assert found == Found(MessageId("2"), "b2 a1 last")


@pytest.mark.parametrize("at", [0, 1, 50, 500, 990])
def test_a_snippet_is_a_short_line_that_holds_the_word(at: int) -> None:
    words = ["filler"] * 1000
    words[at] = "NEEDLE"
    snippet = snippet_of("\n".join(words), ["needle"])
    assert "NEEDLE" in snippet
    assert "\n" not in snippet
    assert len(snippet) <= SNIPPET_CHARS
    assert snippet.startswith("…") == (at > 6)


def test_a_snippet_of_one_long_word_still_has_an_end() -> None:
    assert len(snippet_of("x" * 5000 + "needle", ["needle"])) <= SNIPPET_CHARS
    assert snippet_of("", ["a"]) == ""
