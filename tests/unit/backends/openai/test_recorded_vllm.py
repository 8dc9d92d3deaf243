"""What a vLLM 0.32 sent, word for word, read as it came."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from covey.backends.failures import error_for, message_of
from covey.backends.openai.answers import AnswerReader
from covey.backends.server_sent_events import EventParser
from covey.backends.streamed_answer import taken
from covey.errors import BackendRejected, ContextLengthExceeded, CoveyError, ModelNotFound
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Delta, Finished, Generate, Usage

RECORDED = Path(__file__).parents[3] / "data" / "vllm"


def request(**more: object) -> Generate:
    question = ChatMessage(role="user", content="What is the capital of France?")
    return msgspec.structs.replace(Generate(model=ModelName("smollm2"), messages=(question,)), **more)


def read(name: str, generate: Generate, piece_bytes: int) -> tuple[list[Delta], Finished]:
    """The answer in a recording whose bytes come ``piece_bytes`` at a time."""
    data = (RECORDED / name).read_bytes()
    parser, reader, deltas = EventParser(), AnswerReader(generate, 1000), list[Delta]()
    for begin in range(0, len(data), piece_bytes):
        events = parser.feed(data[begin : begin + piece_bytes])
        joined = reader.take_texts(events) if len(events) > 1 else None
        found, failure = taken(reader, events) if joined is None else ([joined], None)
        assert failure is None
        deltas += found
    return deltas, reader.finish()


@pytest.mark.parametrize("piece_bytes", [7, 500, 100_000])
def test_a_streamed_chat(piece_bytes: int) -> None:
    deltas, finished = read("chat.sse", request(stream=True), piece_bytes)
    assert "".join(delta.text for delta in deltas) == "The capital of France is Paris."
    assert finished.reason == "stop"
    assert finished.usage == Usage(prompt_tokens=37, completion_tokens=8)


def test_logprobs() -> None:
    deltas, finished = read("chat_logprobs.sse", request(stream=True, logprobs=True, top_logprobs=1), 100_000)
    tokens = [entry["token"] for delta in deltas if delta.logprobs for entry in delta.logprobs["content"]]
    assert tokens == ["The", " capital", " of"]
    assert (finished.reason, finished.usage.completion_tokens) == ("length", 3)


def test_a_whole_chat() -> None:
    reader = AnswerReader(request(), 1000)
    delta = reader.take_whole((RECORDED / "chat.json").read_bytes())
    assert delta is not None
    assert (delta.text, delta.tokens) == ("The capital of France is Paris.", 8)
    assert reader.finish().usage == Usage(prompt_tokens=37, completion_tokens=8)


def test_a_streamed_completion() -> None:
    generate = Generate(model=ModelName("smollm2"), prompt="Once upon a time", raw=True, stream=True)
    deltas, finished = read("completion.sse", generate, 100_000)
    assert "".join(delta.text for delta in deltas).startswith(",")
    assert (finished.reason, finished.usage.completion_tokens) == ("length", 4)


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("too_long.json", 400, ContextLengthExceeded),
        ("unknown_model.json", 404, ModelNotFound),
        ("no_embeddings.json", 404, BackendRejected),
    ],
)
def test_errors(name: str, status: int, error: type[CoveyError]) -> None:
    assert type(error_for(status, message_of((RECORDED / name).read_bytes()))) is error
