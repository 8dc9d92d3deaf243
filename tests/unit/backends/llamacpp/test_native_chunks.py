from __future__ import annotations

import msgspec
import pytest

from covey.backends.llamacpp.messages import Piece, WorkDone, WorkProgress, WorkRefused
from covey.backends.llamacpp.native_chunks import AnswerReader


def chat_chunk(delta: dict[str, object], reason: str | None = None, **more: object) -> bytes:
    return msgspec.json.encode({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more})


def test_a_chat_answer_is_read_to_its_end() -> None:
    reader = AnswerReader(7)
    assert reader.read(chat_chunk({"role": "assistant", "content": None}, prompt_progress={"total": 3})) == (
        WorkProgress(7)
    )
    assert reader.read(chat_chunk({"role": "assistant", "content": None})) is None
    assert reader.read(chat_chunk({"content": "Hi"})) == Piece(7, text="Hi")
    assert reader.read(chat_chunk({"reasoning_content": "hm"})) == Piece(7, reasoning="hm")
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}
    assert reader.read(chat_chunk({"tool_calls": [call]})) == Piece(7, tool_calls=(call,))
    assert reader.read(chat_chunk({}, "tool_calls")) is None
    usage = {"prompt_tokens": 30, "completion_tokens": 4}
    timings = {"cache_n": 20, "prompt_n": 10, "prompt_ms": 1.5, "predicted_n": 4, "predicted_ms": 2.5}
    assert reader.read(msgspec.json.encode({"choices": [], "usage": usage, "timings": timings})) is None
    assert reader.end() == WorkDone(7, "tool_calls", 30, 4, 20, 1.5, 2.5)


def test_a_completion_is_read_from_text() -> None:
    reader = AnswerReader(1)
    text = {"choices": [{"text": " the", "index": 0, "logprobs": {"content": []}, "finish_reason": None}]}
    assert reader.read(msgspec.json.encode(text)) == Piece(1, text=" the", logprobs={"content": []})
    end = {"choices": [{"text": "", "index": 0, "finish_reason": "length"}], "timings": {"prompt_n": 2, "cache_n": 1,
           "predicted_n": 3}}  # fmt: skip
    assert reader.read(msgspec.json.encode(end)) is None
    assert reader.end() == WorkDone(1, "length", 3, 3, 1, None, None)


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ({"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 3000},
         WorkRefused(1, "context", 3000)),
        ({"code": 400, "type": "invalid_request_error", "message": "secret"}, WorkRefused(1, "request")),
        ({"code": 500, "message": "secret"}, WorkRefused(1, "failed")),
        ({}, WorkRefused(1, "failed")),
    ],
)  # fmt: skip
def test_refusals_are_named_and_their_texts_left_behind(error: dict[str, object], refusal: WorkRefused) -> None:
    reader = AnswerReader(1)
    assert reader.read(msgspec.json.encode({"error": error})) == refusal
    assert reader.refused


def test_an_answer_without_an_end_has_failed() -> None:
    assert AnswerReader(1).end() == WorkRefused(1, "failed")
