from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from covey.backends.ollama.answers import AnswerReader
from covey.errors import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    ContextLengthExceeded,
    CoveyError,
    ModelLoadFailed,
    Overloaded,
)
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import ChatMessage, Delta, Finished, Generate, Sampling

RECORDED = Path(__file__).parents[3] / "data" / "ollama"
TOOLS = tuple({"type": "function", "function": {"name": name}} for name in ("get_weather", "get_time"))


def reader(**more: Any) -> AnswerReader:
    request = Generate(
        model=ModelName("smol"),
        messages=(ChatMessage(role="user", content="What is the weather in Oslo? " * 5),),
        **more,
    )
    return AnswerReader(request, RequestId("req_1"), 1000)


def replay(name: str, **more: Any) -> tuple[list[Delta], Finished]:
    reading = reader(**more)
    lines = (RECORDED / name).read_bytes().splitlines()
    return [delta for line in lines if (delta := reading.take(line)) is not None], reading.finish()


@pytest.mark.parametrize(("name", "tokens"), [("chat.ndjson", 6), ("generate.ndjson", 4)])
def test_a_recorded_answer_is_read_whole(name: str, tokens: int) -> None:
    deltas, finished = replay(name)
    assert len(deltas) == tokens
    assert "".join(delta.text for delta in deltas).strip()
    assert finished.reason == "length"
    assert finished.usage.completion_tokens == tokens
    assert finished.usage.prompt_tokens > 0
    assert not finished.usage.estimated
    timings = (finished.timings.load_ms, finished.timings.prompt_ms, finished.timings.generation_ms)
    assert all(time is not None and 0 < time < 60_000 for time in timings)


def test_recorded_logprobs_are_kept_when_asked_for() -> None:
    deltas, _ = replay("chat_logprobs.ndjson", logprobs=True)
    first = deltas[0].logprobs["content"][0]
    assert first["token"] == deltas[0].text
    assert set(first) == {"token", "logprob", "bytes", "top_logprobs"}
    assert replay("chat_logprobs.ndjson")[0][0].logprobs is None


def test_tool_calls_get_their_own_index_and_json_arguments() -> None:
    deltas, finished = replay("chat_tools.ndjson", tools=TOOLS)
    assert deltas[0].reasoning == "The user wants the weather."
    calls = [call for delta in deltas for call in delta.tool_calls]
    assert [(call["index"], call["id"], call["function"]["name"]) for call in calls] == [
        (0, "call_k3x9", "get_weather"),
        (1, "call_p81s", "get_time"),
    ]
    assert msgspec.json.decode(calls[0]["function"]["arguments"]) == {"city": "Oslo", "days": 2}
    assert finished.reason == "tool_calls"


def test_tool_calls_nobody_asked_for_are_refused() -> None:
    with pytest.raises(BackendProtocolError):
        replay("chat_tools.ndjson")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"error": "an error was encountered while running the model: CUDA"}, BackendUnavailable),
        ({"error": "model failed to load, this may be due to resource limitations"}, ModelLoadFailed),
        ({"error": "input length exceeds the context length"}, ContextLengthExceeded),
        ({"error": "x", "status": 503}, Overloaded),
        ({"error": "x", "status": 400}, BackendRejected),
        ({"done": True}, BackendProtocolError),
        ({"message": {"content": 5}}, BackendProtocolError),
    ],
)
def test_lines_that_are_errors_have_their_meaning(line: Any, expected: type[CoveyError]) -> None:
    with pytest.raises(expected):
        reader().take(msgspec.json.encode(line))


def test_b5_an_answer_without_its_last_line_is_never_ok() -> None:
    reading = reader()
    assert reading.take(b'{"message":{"role":"assistant","content":"x"},"done":false}') == Delta(text="x")
    with pytest.raises(BackendProtocolError):
        reading.finish()
    assert reading.cancel().reason == "cancelled"


def test_b6_tokens_past_the_limit_are_not_taken() -> None:
    reading = reader(sampling=Sampling(max_tokens=2))
    line = b'{"message":{"role":"assistant","content":"x"},"done":false}'
    assert [reading.take(line) is not None for _ in range(4)] == [True, True, False, False]
    assert reading.done
    assert reading.finish().reason == "length"


@pytest.mark.parametrize("count", [1, -1, 10**9, "5", None])
def test_d14_the_bill_is_what_passed_when_the_engine_lies(count: Any) -> None:
    reading = reader()
    for _ in range(40):
        reading.take(b'{"message":{"role":"assistant","content":"word"},"done":false}')
    reading.take(msgspec.json.encode({"message": {}, "done": True, "done_reason": "stop", "eval_count": count}))
    usage = reading.finish().usage
    assert (usage.completion_tokens, usage.estimated) == (40, True)
