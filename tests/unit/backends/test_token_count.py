from __future__ import annotations

from typing import Any

import pytest

from covey.backends.token_count import TokenCount, embed_usage
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Embed, Generate, ImagePart, ImageUrl, TextPart, Usage

REQUEST = Generate(model=ModelName("m"), prompt="x" * 400)


def usage(completion: Any, *, pieces: int = 100, prompt: Any = 90, max_tokens: int | None = None, **more: Any) -> Usage:
    count = TokenCount(max_tokens)
    for _ in range(pieces):
        count.add(4)
    return count.usage(REQUEST, prompt, completion, **more)


@pytest.mark.parametrize("said", [98, 100, 103, 200, 400])
def test_a_possible_count_is_believed(said: int) -> None:
    assert usage(said) == Usage(prompt_tokens=90, completion_tokens=said)


@pytest.mark.parametrize("said", [1, 90, -5, 100_000, 2**63, None, "100", 100.0, True, [100]])
def test_d14_an_impossible_count_is_replaced_by_ours(said: Any) -> None:
    found = usage(said)
    assert (found.completion_tokens, found.estimated) == (100, True)


def test_d14_more_than_was_allowed_is_not_believed() -> None:
    assert usage(150, max_tokens=100).estimated
    assert not usage(100, max_tokens=100).estimated


@pytest.mark.parametrize("said", [0, -1, 10_000_000, None, "9"])
def test_an_impossible_prompt_count_is_estimated_by_length(said: Any) -> None:
    found = usage(100, prompt=said)
    assert (found.prompt_tokens, found.estimated) == (100, True)


def test_a_long_answer_in_one_piece_is_not_one_token() -> None:
    count = TokenCount(None)
    count.add(12_000)
    assert count.usage(REQUEST, 90, None).completion_tokens == 1000


def test_parts_of_the_count_are_never_more_than_the_whole() -> None:
    found = usage(100, cached=5000, reasoning=2**40)
    assert (found.cached_prompt_tokens, found.reasoning_tokens) == (90, 0)
    assert usage(100, cached=80, reasoning=30) == Usage(
        prompt_tokens=90, completion_tokens=100, cached_prompt_tokens=80, reasoning_tokens=30
    )


def test_everything_that_is_read_counts_for_the_prompt() -> None:
    parts = (TextPart(text="x" * 400), ImagePart(image_url=ImageUrl(url="data:" + "y" * 395)))
    chat = Generate(model=ModelName("m"), messages=(ChatMessage(role="user", content=parts),))
    assert TokenCount(None).usage(chat, None, 0).prompt_tokens == 200


@pytest.mark.parametrize(
    ("said", "tokens", "estimated"), [(3, 3, False), (0, 2, True), (9999, 2, True), ("3", 2, True)]
)
def test_embeddings_are_counted_the_same_way(said: Any, tokens: int, estimated: bool) -> None:
    found = embed_usage(Embed(model=ModelName("m"), inputs=("four", "five")), said)
    assert (found.prompt_tokens, found.estimated) == (tokens, estimated)
