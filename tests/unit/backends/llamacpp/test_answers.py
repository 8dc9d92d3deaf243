from __future__ import annotations

import math
from pathlib import Path

import pytest

from covey.backends.llamacpp.answers import embeddings, finished, refusal
from covey.backends.llamacpp.messages import Vectors, WorkDone, WorkRefused
from covey.backends.llamacpp.model_file import ModelFile
from covey.errors import BackendRejected, BackendUnavailable, ContextLengthExceeded, CoveyError, InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import Embed

FILE = ModelFile(name="own", path=Path("x"))


def test_the_end_tells_usage_and_times() -> None:
    end = finished(WorkDone(1, "length", 30, 4, 20, 1.5, 2.5))
    assert (end.reason, end.usage.prompt_tokens, end.usage.completion_tokens, end.usage.cached_prompt_tokens) == (
        "length", 30, 4, 20,
    )  # fmt: skip
    assert (end.timings.prompt_ms, end.timings.generation_ms) == (1.5, 2.5)
    assert finished(WorkDone(1, "something new", 1, 1, 0, None, None)).reason == "stop"


def test_shortened_vectors_are_of_unit_length_again() -> None:
    request = Embed(model=ModelName("alias"), inputs=("a",), dimensions=2)
    answer = embeddings(request, FILE, Vectors(1, ((0.6, 0.0, 0.8),), 5))
    assert answer.model == "own"
    assert answer.usage.prompt_tokens == 5
    assert [math.hypot(*vector) for vector in answer.vectors] == [pytest.approx(1.0)]


@pytest.mark.parametrize("dimensions", [4, -1])
def test_more_dimensions_than_there_are_cannot_be_had(dimensions: int) -> None:
    request = Embed(model=ModelName("m"), inputs=("a",), dimensions=dimensions)
    with pytest.raises(InvalidRequest):
        embeddings(request, FILE, Vectors(1, ((0.6, 0.0, 0.8),), 5))


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        (WorkRefused(1, "context", 3000), ContextLengthExceeded, "3000 tokens"),
        (WorkRefused(1, "batch"), ContextLengthExceeded, "512"),
        (WorkRefused(1, "request"), BackendRejected, "cannot work"),
        (WorkRefused(1, "failed"), BackendUnavailable, "failed"),
    ],
)
def test_refusals_are_named(message: WorkRefused, kind: type[CoveyError], words: str) -> None:
    error = refusal(message, context_length=2048, embedding_tokens=512)
    assert type(error) is kind
    assert words in error.detail
