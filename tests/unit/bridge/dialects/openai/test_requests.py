from __future__ import annotations

import json
from typing import Any

import pytest

from covey.bridge.dialects.openai.requests import (
    ChatCompletionRequest,
    CompletionRequest,
    EmbeddingRequest,
    RequestDecoder,
    chat_generation,
    completion_generation,
    embedding_inputs,
)
from covey.errors import InvalidRequest, UnknownField
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Generate, Sampling

CHAT = RequestDecoder(ChatCompletionRequest)
COMPLETION = RequestDecoder(CompletionRequest)
EMBEDDING = RequestDecoder(EmbeddingRequest)
MESSAGES = [{"role": "user", "content": "hi"}]


def chat(**fields: Any) -> Generate:
    request, _ = CHAT.decode(json.dumps({"model": "m", "messages": MESSAGES} | fields).encode())
    return chat_generation(request)


def complete(**fields: Any) -> Generate:
    request, _ = COMPLETION.decode(json.dumps({"model": "m", "prompt": "p"} | fields).encode())
    return completion_generation(request)


def test_a_plain_request_leaves_everything_to_the_defaults() -> None:
    generate = chat()
    assert generate.sampling == Sampling()
    assert (generate.tools, generate.response_format, generate.logprobs) == ((), None, False)


@pytest.mark.parametrize(
    ("field", "value", "name", "expected"),
    [
        ("max_tokens", 5, "max_tokens", 5),
        ("max_completion_tokens", 6, "max_tokens", 6),
        ("stop", "a", "stop", ("a",)),
        ("stop", ["a", "b"], "stop", ("a", "b")),
        ("stop", None, "stop", ()),
        ("repetition_penalty", 1.2, "repeat_penalty", 1.2),
        ("repeat_penalty", 1.3, "repeat_penalty", 1.3),
        ("logit_bias", {"5": -100}, "logit_bias", {"5": -100.0}),
        ("temperature", 0, "temperature", 0.0),
        ("presence_penalty", -1, "presence_penalty", -1.0),
    ],
)
def test_sampling_fields_are_carried_over(field: str, value: Any, name: str, expected: Any) -> None:
    assert getattr(chat(**{field: value}).sampling, name) == expected


def test_the_newer_limit_wins() -> None:
    assert chat(max_tokens=1, max_completion_tokens=2).sampling.max_tokens == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tool_choice", "auto"),
        ("tool_choice", {"type": "function", "function": {"name": "f"}}),
        ("response_format", {"type": "json_object"}),
        ("reasoning_effort", "low"),
        ("parallel_tool_calls", False),
        ("top_logprobs", 3),
    ],
)
def test_other_fields_are_carried_over(field: str, value: Any) -> None:
    assert getattr(chat(**{field: value}), field) == value


def test_a_format_of_plain_text_is_no_format() -> None:
    assert chat(response_format={"type": "text"}).response_format is None


def test_tool_results_and_calls_in_messages_are_understood() -> None:
    messages = [
        *MESSAGES,
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "4"}]},
    ]
    generate = chat(messages=messages)
    assert generate.messages[1].tool_calls[0].function.name == "f"
    assert generate.messages[2].tool_call_id == "c"


def test_unknown_fields_are_named_and_harmless_ones_are_not() -> None:
    body = json.dumps({"model": "m", "messages": MESSAGES, "user": {"any": 1}, "store": True, "zzz": 1}).encode()
    request, ignored = CHAT.decode(body)
    assert ignored == ("zzz",)
    assert request.model == "m"


def test_an_upstream_field_is_refused_even_beside_other_mistakes() -> None:
    with pytest.raises(UnknownField):
        chat(api_base="http://x", temperature="hot")


def test_a_mistake_beside_an_unknown_field_is_still_found() -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(zzz=1, temperature="hot")
    assert refused.value.param == "temperature"


def test_completions_take_one_prompt() -> None:
    assert complete(prompt=["one"]).prompt == "one"
    assert complete(prompt="").prompt == ""
    assert complete(suffix="s").suffix == "s"
    assert complete(logprobs=2).top_logprobs == 2
    assert not complete().logprobs
    refused: tuple[dict[str, Any], ...] = (
        {"prompt": ["a", "b"]},
        {"prompt": []},
        {"prompt": [1]},
        {"prompt": [[1]]},
        {"best_of": 2},
        {"n": 3},
    )
    for fields in refused:
        with pytest.raises(InvalidRequest):
            complete(**fields)
    with pytest.raises(InvalidRequest):
        complete(echo=True, logprobs=1)


@pytest.mark.parametrize(("given", "expected"), [("a", ("a",)), (["a", "b"], ("a", "b"))])
def test_embedding_inputs_are_texts(given: Any, expected: tuple[str, ...]) -> None:
    request, _ = EMBEDDING.decode(json.dumps({"model": "m", "input": given}).encode())
    assert embedding_inputs(request) == expected


@pytest.mark.parametrize("given", [[1, 2], [[1], [2]], ["a", 1]])
def test_embedding_inputs_are_no_token_numbers(given: Any) -> None:
    request, _ = EMBEDDING.decode(json.dumps({"model": "m", "input": given}).encode())
    with pytest.raises(InvalidRequest):
        embedding_inputs(request)


@pytest.mark.parametrize(("given", "wanted"), [(None, False), (False, False), (True, True)])
def test_engine_hears_whether_anybody_watches(given: bool | None, wanted: bool) -> None:
    messages = (ChatMessage(role="user", content="Hello"),)
    chat = ChatCompletionRequest(model=ModelName("tiny"), messages=messages, stream=given)
    assert chat_generation(chat).stream is wanted
    text = CompletionRequest(model=ModelName("tiny"), prompt="Once", stream=given)
    assert completion_generation(text).stream is wanted
