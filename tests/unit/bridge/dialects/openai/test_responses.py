from __future__ import annotations

import base64
import json
import struct
from typing import Any

from covey.bridge.dialects.openai.responses import (
    Answer,
    ChatChunks,
    CompletionChunks,
    base64_floats,
    chat_logprobs,
    completion_logprobs,
)
from covey.protocol.inference import Delta, Usage

ENTRY = {"token": "ab", "logprob": -0.5, "bytes": [1], "top_logprobs": [{"token": "x", "logprob": -1.0}]}


def events(frames: bytes) -> list[Any]:
    found = [frame.removeprefix("data: ") for frame in frames.decode().split("\n\n")[:-1]]
    return [frame if frame == "[DONE]" else json.loads(frame) for frame in found]


def test_quick_and_general_chunks_have_the_same_shape() -> None:
    chunks = ChatChunks("id", 1, "m", include_usage=True)
    (quick,) = events(chunks.delta(Delta(text='a"\n')))
    (general,) = events(chunks.delta(Delta(text='a"\n', reasoning="r")))
    assert quick["choices"][0]["delta"] == {"content": 'a"\n'}
    assert general["choices"][0]["delta"] == {"content": 'a"\n', "reasoning_content": "r"}
    assert quick.keys() == general.keys()
    assert quick["choices"][0].keys() == general["choices"][0].keys()
    assert quick["usage"] is None


def test_the_end_has_the_reason_then_usage_then_done() -> None:
    usage = Usage(prompt_tokens=3, completion_tokens=4, cached_prompt_tokens=1, reasoning_tokens=2)
    last, counted, done = events(ChatChunks("id", 1, "m", include_usage=True).last("length", usage))
    assert last["choices"][0]["finish_reason"] == "length"
    assert counted["choices"] == []
    assert counted["usage"]["total_tokens"] == 7
    assert counted["usage"]["prompt_tokens_details"]["cached_tokens"] == 1
    assert done == "[DONE]"
    assert len(events(ChatChunks("id", 1, "m", include_usage=False).last("cancelled", usage))) == 2


def test_completion_chunks_begin_with_the_echo() -> None:
    chunks = CompletionChunks("id", 1, "m", include_usage=False, echoed="Once")
    assert events(chunks.first())[0]["choices"][0]["text"] == "Once"
    assert CompletionChunks("id", 1, "m", include_usage=False).first() == b""
    (one,) = events(chunks.delta(Delta(text="ab", logprobs=[ENTRY])))
    (two,) = events(chunks.delta(Delta(text="ab", logprobs=[ENTRY])))
    assert one["choices"][0]["logprobs"]["text_offset"] == [0]
    assert two["choices"][0]["logprobs"]["text_offset"] == [2]


def test_logprobs_are_joined_in_both_forms() -> None:
    assert chat_logprobs([{"content": [ENTRY]}, [ENTRY], None]) == {"content": [ENTRY, ENTRY], "refusal": None}
    assert chat_logprobs([]) is None
    older = completion_logprobs([[ENTRY]], 5)
    assert older == {
        "tokens": ["ab"],
        "token_logprobs": [-0.5],
        "top_logprobs": [{"x": -1.0}],
        "text_offset": [5],
    }


def test_an_answer_gathers_text_reasoning_and_several_tool_calls() -> None:
    answer = Answer()
    answer.add(Delta(text="a", reasoning="r"))
    answer.add(Delta(tool_calls=({"index": 1, "id": "two", "function": {"name": "g", "arguments": "{}"}},)))
    answer.add(Delta(tool_calls=({"index": 0, "id": "one", "function": {"name": "f", "arguments": "{"}},)))
    answer.add(Delta(text="b", tool_calls=({"index": 0, "function": {"arguments": "}"}},)))
    message = json.loads(answer.chat("id", 1, "m", "tool_calls", Usage()))["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("ab", "r")
    assert [call["id"] for call in message["tool_calls"]] == ["one", "two"]
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_vectors_are_packed_as_little_endian_floats() -> None:
    packed = base64.b64decode(base64_floats((1.0, -0.5)))
    assert struct.unpack("<2f", packed) == (1.0, -0.5)
