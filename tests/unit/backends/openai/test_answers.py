from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from covey.backends.openai.answers import AnswerReader
from covey.backends.server_sent_events import EventParser
from covey.errors import (
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    CoveyError,
    ModelNotFound,
    Overloaded,
)
from covey.protocol.ids import ModelName
from covey.protocol.inference import Delta, Finished, Generate, Sampling

TOOL = {"type": "function", "function": {"name": "look"}}


def reader(max_tokens: int | None = None, **more: Any) -> AnswerReader:
    request = Generate(model=ModelName("m"), prompt="hello", sampling=Sampling(max_tokens=max_tokens), **more)
    return AnswerReader(request, 1000)


def chunk(delta: Any = None, reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": reason} | more.pop("choice", {})
    return msgspec.json.encode({"id": "x", "model": "another", "choices": [choice]} | more)


def taken(reading: AnswerReader, *events: bytes) -> list[Delta]:
    return [delta for event in events if (delta := reading.take(event)) is not None]


def test_text_reasoning_and_end() -> None:
    reading = reader()
    deltas = taken(
        reading,
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"reasoning": "so"}),
        chunk({"content": "Hi"}),
        chunk({}, "stop"),
        msgspec.json.encode({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5,
                             "prompt_tokens_details": {"cached_tokens": 2},
                             "completion_tokens_details": {"reasoning_tokens": 2}}}),
        b"[DONE]",
    )  # fmt: skip
    assert deltas == [Delta(reasoning="hm"), Delta(reasoning="so"), Delta(text="Hi")]
    finished = reading.finish()
    assert finished.reason == "stop"
    usage = finished.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.estimated) == (3, 5, False)
    assert (usage.cached_prompt_tokens, usage.reasoning_tokens) == (2, 2)


def test_the_texts_of_one_read_are_one_delta_that_counts_them_all() -> None:
    reading = reader(max_tokens=5)
    first = chunk({"role": "assistant", "content": ""}, usage=None)
    assert reading.take_texts([first, chunk({"content": "Gr"}), chunk({"content": "üß"}, usage=None)]) == Delta(
        text="Grüß", tokens=2
    )
    assert reading.take_texts([chunk({"content": " Gott"}), chunk({"content": "!"})]) == Delta(text=" Gott!", tokens=2)
    assert taken(reading, chunk({"content": "?"}, "stop")) == [Delta(text="?")]
    assert reading.finish().usage.completion_tokens == 5


@pytest.mark.parametrize(
    "other",
    [
        b"[DONE]",
        b"no JSON",
        chunk({"content": "x"}, "stop"),
        chunk({"content": "x", "reasoning_content": "y"}),
        chunk({"tool_calls": [{"index": 0}]}),
        chunk({"content": "x"}, choice={"index": 1}),
        chunk({"content": "x"}, choice={"logprobs": {"content": []}}),
        chunk({"content": "x"}, usage={"prompt_tokens": 1}),
        chunk({"content": "x"}, error={"message": "no"}),
        chunk({"content": "x"}) + b"," + chunk({"content": "x"}),
        msgspec.json.encode({"choices": []}),
    ],
)
def test_a_read_with_anything_else_is_taken_piece_by_piece(other: bytes) -> None:
    reading = reader(logprobs=True)
    assert reading.take_texts([chunk({"content": "a"}), other]) is None
    assert taken(reading, chunk({"content": "a"})) == [Delta(text="a")]


def test_a_read_past_the_limit_is_taken_piece_by_piece() -> None:
    reading = reader(max_tokens=3)
    events = [chunk({"content": "a"})] * 2
    assert reading.take_texts(events) is not None
    assert reading.take_texts(events) is None
    assert len(taken(reading, *events)) == 1
    assert reading.finish().reason == "length"


def test_after_something_else_texts_are_joined_again() -> None:
    reading = reader()
    assert reading.take_texts([chunk({"reasoning": "hm"})] * 2) is None
    events = [chunk({"content": "a"})] * 2
    reads = [reading.take_texts(events) or taken(reading, *events) for _ in range(20)]
    assert reads[0] == [Delta(text="a")] * 2
    assert reads[-1] == Delta(text="aa", tokens=2)
    assert reading._count.pieces == 40


def test_plain_completions_have_text() -> None:
    reading = reader()
    event = msgspec.json.encode({"choices": [{"index": 0, "text": "x", "finish_reason": "length"}]})
    assert taken(reading, event) == [Delta(text="x")]
    assert reading.finish().reason == "length"


def test_tool_calls_are_put_together_from_known_fields_only() -> None:
    reading = reader(tools=(TOOL,))
    deltas = taken(
        reading,
        chunk({"tool_calls": [{"index": 0, "id": "c", "type": "function", "extra": 1, "function": {"name": "look"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a'}}]}),
        chunk({}, "stop"),
    )
    assert [delta.tool_calls for delta in deltas] == [
        ({"index": 0, "id": "c", "type": "function", "function": {"name": "look", "arguments": ""}},),
        ({"index": 0, "function": {"arguments": '{"a'}},),
    ]
    assert reading.finish().reason == "tool_calls"


@pytest.mark.parametrize("tools", [(), (TOOL,)], ids=["unasked", "absurd index"])
def test_b6_tool_calls_that_cannot_be_are_refused(tools: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(BackendProtocolError):
        reader(tools=tools).take(chunk({"tool_calls": [{"index": 1_000_000, "function": {"name": "rm"}}]}))


def test_b6_a_second_choice_is_refused() -> None:
    with pytest.raises(BackendProtocolError):
        reader().take(chunk({"content": "x"}, choice={"index": 1}))


def test_b6_tokens_past_the_limit_are_not_taken() -> None:
    reading = reader(max_tokens=3)
    assert len(taken(reading, *[chunk({"content": "x"})] * 10)) == 3
    assert reading.done
    assert reading.finish().reason == "length"
    assert reading.finish().usage.completion_tokens == 3


def test_d19_an_answer_without_end_ends_at_the_setting() -> None:
    reading = reader()
    assert len(taken(reading, *[chunk({"content": "x"})] * 1100)) == 1000
    assert reading.done


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [({"prompt_tokens": 3, "completion_tokens": 1}, 50), ({"completion_tokens": -4}, 50), ("nonsense", 50),
     ({"prompt_tokens": 3, "completion_tokens": 10**9}, 50), (None, 50)],
)  # fmt: skip
def test_d14_the_bill_is_what_passed_when_the_engine_lies(usage: Any, tokens: int) -> None:
    reading = reader()
    taken(reading, *[chunk({"content": "word"})] * 50, chunk({}, "stop"))
    reading.take(msgspec.json.encode({"choices": [], "usage": usage}))
    found = reading.finish().usage
    assert (found.completion_tokens, found.estimated) == (tokens, True)


@pytest.mark.parametrize(
    ("found", "logprobs"),
    [
        ({"content": [{"token": "x", "logprob": -1.0, "bytes": [120],
                       "top_logprobs": [{"token": "y", "logprob": -2.0}]}]},
         {"content": [{"token": "x", "logprob": -1.0, "bytes": [120],
                       "top_logprobs": [{"token": "y", "logprob": -2.0, "bytes": None}]}]}),
        ({"tokens": ["x"], "token_logprobs": [-1.0], "top_logprobs": [{"y": -2.0}], "text_offset": [0]},
         {"content": [{"token": "x", "logprob": -1.0, "bytes": [120],
                       "top_logprobs": [{"token": "y", "logprob": -2.0, "bytes": None}]}]}),
        ({}, None),
    ],
    ids=["chat", "completion", "empty"],
)  # fmt: skip
def test_logprobs_have_one_form(found: Any, logprobs: Any) -> None:
    event = chunk({"content": "x"}, choice={"logprobs": found})
    assert taken(reader(logprobs=True), event)[0].logprobs == logprobs
    assert taken(reader(), event)[0].logprobs is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"message": "too long", "code": 400}, BackendRejected),
        ({"message": "too long", "type": "BadRequestError"}, BackendRejected),
        ({"message": "x", "type": "invalid_request_error"}, BackendRejected),
        ({"message": "busy", "code": 503}, Overloaded),
        ({"message": "gone", "code": 404}, ModelNotFound),
        ({"message": "CUDA", "code": 500}, BackendUnavailable),
        ({"message": "CUDA", "code": "strange"}, BackendUnavailable),
        ("out of memory", BackendUnavailable),
    ],
)
def test_an_error_in_the_stream_has_its_meaning(error: Any, expected: type[CoveyError]) -> None:
    with pytest.raises(expected):
        reader().take(msgspec.json.encode({"error": error}))


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_a_generation_that_the_engine_gave_up_is_not_ok(reason: str) -> None:
    with pytest.raises(BackendUnavailable):
        reader().take(chunk({}, reason))


@pytest.mark.parametrize(
    "event",
    [b"", b"nonsense", b"{", b'{"choices":5}', b'{"choices":[{"delta":{"content":5}}]}', b'{"a":1}{"b":2}', b"\xff",
     b'{"choices":[{"delta":{"content":"\xff"}}]}', b"[" * 100_000, b"<html>"],
)  # fmt: skip
def test_b5_what_is_no_chunk_breaks_the_protocol(event: bytes) -> None:
    with pytest.raises(BackendProtocolError):
        reader().take(event)


def test_b5_a_stream_without_end_is_never_ok() -> None:
    reading = reader()
    taken(reading, chunk({"content": "x"}))
    with pytest.raises(BackendProtocolError):
        reading.finish()
    assert reading.cancel().reason == "cancelled"


@pytest.mark.parametrize("last", [chunk({}, "stop"), b"[DONE]"], ids=["no DONE", "no finish reason"])
def test_either_end_is_enough(last: bytes) -> None:
    reading = reader()
    taken(reading, chunk({"content": "x"}), last)
    assert reading.finish().reason == "stop"


def test_llama_servers_timings_are_kept() -> None:
    reading = reader()
    taken(reading, chunk({}, "stop", timings={"prompt_ms": 5.5, "predicted_ms": 7, "cache_n": 1}))
    timings = reading.finish().timings
    assert (timings.prompt_ms, timings.generation_ms) == (5.5, 7.0)


def test_b5_ten_thousand_broken_streams_end_by_name() -> None:
    """Whatever is changed, cut or doubled: the answer is whole and ends, or an error of the engine's is raised."""
    good = b"".join(
        b"data: " + event + b"\n\n"
        for event in (chunk({"content": "ä"}), chunk({"content": "b"}), chunk({}, "stop"), b"[DONE]")
    )
    chance = random.Random(7)
    ok = 0
    for _ in range(10_000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(4):
                case 0:
                    del data[at : at + chance.randint(1, 30)]
                case 1:
                    data[at:at] = chance.randbytes(chance.randint(1, 5))
                case 2:
                    data[at:at] = data[max(0, at - 40) : at]
                case _:
                    del data[at:]
        ok += isinstance(outcome_of(bytes(data)), Finished)
    assert 0 < ok < 10_000


def outcome_of(data: bytes) -> Finished | CoveyError:
    parser, reading = EventParser(), reader()
    try:
        for event in (*parser.feed(data), *parser.finish()):
            reading.take(event)
            if reading.done:
                break
        return reading.finish()
    except (BackendError, Overloaded, ModelNotFound) as error:
        return error


def whole(message: Any = None, reason: str | None = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": message or {}, "finish_reason": reason} | more.pop("choice", {})
    return msgspec.json.encode({"id": "x", "model": "another", "choices": [choice]} | more)


def test_a_whole_answer_is_one_delta_with_its_tokens() -> None:
    reading = reader()
    said = {"prompt_tokens": 3, "completion_tokens": 5}
    content = whole({"role": "assistant", "content": "Hi there", "reasoning": "so"}, "length", usage=said)
    assert reading.take_whole(content) == Delta(text="Hi there", reasoning="so", tokens=5)
    finished = reading.finish()
    assert (finished.reason, finished.usage.completion_tokens, finished.usage.estimated) == ("length", 5, False)


def test_a_whole_plain_completion_and_an_empty_answer() -> None:
    reading = reader()
    completion = {"choices": [{"text": "Hi", "finish_reason": "stop"}], "usage": {"prompt_tokens": 2}}
    assert reading.take_whole(msgspec.json.encode(completion)) == Delta(text="Hi")
    reading = reader()
    assert reading.take_whole(whole({"content": None})) is None
    assert reading.finish().reason == "stop"


def test_tools_called_in_a_whole_answer_are_numbered() -> None:
    calls = [{"id": f"call_{n}", "type": "function", "function": {"name": "look", "arguments": "{}"}} for n in range(2)]
    reading = reader(tools=(TOOL,))
    delta = reading.take_whole(whole({"content": None, "tool_calls": calls}))
    assert delta is not None
    assert [call["index"] for call in delta.tool_calls] == [0, 1]
    assert reading.finish().reason == "tool_calls"
    with pytest.raises(BackendProtocolError):
        reader().take_whole(whole({"tool_calls": calls}))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", BackendProtocolError),
        (b"{}", BackendProtocolError),
        (b"[]", BackendProtocolError),
        (b'{"choices":[]}', BackendProtocolError),
        (b'{"choices":[{"index":1,"text":"x"}]}', BackendProtocolError),
        (b'{"choices":[{"text":"x"},{"text":"y","index":1}]}', BackendProtocolError),
        (b'{"choices":[{"message":{"content":["x"]}}]}', BackendProtocolError),
        (b'{"error":{"message":"too long","code":400}}', BackendRejected),
        (b'{"error":"out of memory"}', BackendUnavailable),
        (whole({"content": "x"}, "abort"), BackendUnavailable),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(content: bytes, error: type[CoveyError]) -> None:
    with pytest.raises(error):
        reader().take_whole(content)


@pytest.mark.parametrize("said", [0, 1, 10, 10**6, None, "9"])
def test_d14_the_count_of_a_whole_answer_is_held_against_its_length(said: Any) -> None:
    reading = reader()
    delta = reading.take_whole(whole({"content": "x" * 1200}, usage={"prompt_tokens": 2, "completion_tokens": said}))
    assert delta is not None
    usage = reading.finish().usage
    assert (usage.completion_tokens, usage.estimated, delta.tokens) == (100, True, 100)
