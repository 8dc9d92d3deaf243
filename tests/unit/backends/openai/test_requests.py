from __future__ import annotations

from typing import Any

import msgspec
import pytest

from covey.backends.openai import OpenAIConfig
from covey.backends.openai.requests import encode_embed, encode_generate
from covey.errors import InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    ChatMessage,
    Embed,
    FunctionCall,
    Generate,
    ImagePart,
    ImageUrl,
    Sampling,
    TextPart,
    ToolCall,
)

MODEL = ModelName("m")
USER = (ChatMessage(role="user", content="hi"),)
SAMPLING = Sampling(
    temperature=0.5, top_p=0.9, top_k=40, min_p=0.1, repeat_penalty=1.1, presence_penalty=0.1, frequency_penalty=0.2,
    seed=7, stop=("END",), max_tokens=9, logit_bias={"5": -1.0},
)  # fmt: skip


def body_of(request: Generate, **settings: Any) -> tuple[str, dict[str, Any]]:
    path, raw = encode_generate(OpenAIConfig(name="o", base_url="http://x/v1", **settings), request, "upstream-name")
    return path, msgspec.json.decode(raw)


def test_a_plain_chat_carries_nothing_but_what_was_said() -> None:
    assert body_of(Generate(model=MODEL, messages=USER)) == (
        "/chat/completions",
        {
            "model": "upstream-name",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": "hi"}],
        },
    )


def test_d3_all_sampling_fields_have_their_names_upstream() -> None:
    _, body = body_of(Generate(model=MODEL, messages=USER, sampling=SAMPLING))
    for name in ("model", "stream", "stream_options", "messages"):
        del body[name]
    assert body == {
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "seed": 7, "stop": ["END"], "max_tokens": 9,
        "logit_bias": {"5": -1.0},
    }  # fmt: skip


def test_fields_that_are_not_openais_stay_away_from_those_who_refuse_them() -> None:
    request = Generate(model=MODEL, messages=USER, sampling=SAMPLING)
    _, body = body_of(request, extra_sampling=False, max_tokens_name="max_completion_tokens")
    assert not {"top_k", "min_p", "repetition_penalty", "max_tokens"} & set(body)
    assert body["max_completion_tokens"] == 9
    assert body_of(request, repeat_penalty_name="repeat_penalty")[1]["repeat_penalty"] == 1.1


def test_the_limit_is_clamped_to_the_setting() -> None:
    request = Generate(model=MODEL, messages=USER, sampling=Sampling(max_tokens=10_000))
    assert body_of(request, max_answer_tokens=100)[1]["max_tokens"] == 100


def test_a_raw_prompt_is_a_plain_completion_and_another_prompt_is_a_chat() -> None:
    path, body = body_of(Generate(model=MODEL, prompt="x", raw=True, suffix="y", logprobs=True, top_logprobs=3))
    assert (path, body["prompt"], body["suffix"], body["logprobs"]) == ("/completions", "x", "y", 3)
    path, body = body_of(Generate(model=MODEL, prompt="x"))
    assert (path, body["messages"]) == ("/chat/completions", [{"role": "user", "content": "x"}])


def test_messages_keep_tools_images_and_names() -> None:
    call = ToolCall(id="c1", function=FunctionCall(name="look", arguments='{"a":1}'))
    messages = (
        ChatMessage(role="developer", content="be kind"),
        ChatMessage(
            role="user",
            name="ann",
            content=(TextPart(text="see"), ImagePart(image_url=ImageUrl(url="data:image/png;base64,AA=="))),
        ),
        ChatMessage(role="assistant", reasoning="hm", tool_calls=(call,)),
        ChatMessage(role="tool", content="2", tool_call_id="c1"),
    )
    request = Generate(model=MODEL, messages=messages)
    _, body = body_of(request)
    assert body["messages"] == [
        {"role": "system", "content": "be kind"},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "auto"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]
    _, body = body_of(request, developer_role=True, reasoning_name="reasoning_content")
    assert body["messages"][0]["role"] == "developer"
    assert body["messages"][2]["reasoning_content"] == "hm"


def test_chat_options_go_along() -> None:
    tool = {"type": "function", "function": {"name": "look"}}
    request = Generate(
        model=MODEL, messages=USER, tools=(tool,), tool_choice="required", parallel_tool_calls=False, logprobs=True,
        top_logprobs=2, response_format={"type": "json_object"}, reasoning_effort="low", think=False,
    )  # fmt: skip
    _, body = body_of(request)
    assert body["tools"] == [tool]
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    assert body["response_format"] == {"type": "json_object"}
    assert body["reasoning_effort"] == "low"
    assert body["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}


@pytest.mark.parametrize(
    "request_",
    [
        Generate(model=MODEL, messages=USER, sampling=Sampling(temperature=float("nan"))),
        Generate(
            model=MODEL,
            messages=(
                ChatMessage(role="user", content=(ImagePart(image_url=ImageUrl(url="http://169.254.169.254")),)),
            ),
        ),
        Generate(model=MODEL, prompt="\ud800", raw=True),
        Generate(model=MODEL),
    ],
    ids=["not a number", "image to fetch", "lone surrogate", "nothing"],
)
def test_what_cannot_be_sent_is_refused(request_: Generate) -> None:
    with pytest.raises(InvalidRequest):
        body_of(request_)


def test_embeddings_ask_for_numbers() -> None:
    raw = encode_embed(Embed(model=MODEL, inputs=("a", "b"), dimensions=8), "up")
    assert msgspec.json.decode(raw) == {
        "model": "up", "input": ["a", "b"], "encoding_format": "float", "dimensions": 8,
    }  # fmt: skip
    with pytest.raises(InvalidRequest):
        encode_embed(Embed(model=MODEL, inputs=("a",), dimensions=0), "up")


def test_d12_each_account_has_a_salt_of_its_own_where_the_server_knows_salts() -> None:
    assert "cache_salt" not in body_of(Generate(model=MODEL, messages=USER))[1]
    request, config = (
        Generate(model=MODEL, prompt="once", raw=True),
        OpenAIConfig(name="o", base_url="http://x/v1", cache_salt=True),
    )
    salts = [
        msgspec.json.decode(encode_generate(config, request, "m", asker)[1])["cache_salt"]
        for asker in ("usr_robin", "usr_kim", "usr_robin", "")
    ]
    assert salts[0] == salts[2]
    assert len(set(salts)) == 3
    assert all(len(salt) == 64 and "usr" not in salt for salt in salts)


def test_a_continuation_is_asked_for_in_the_words_of_vllm_or_refused() -> None:
    request = Generate(model=MODEL, messages=(*USER, ChatMessage(role="assistant", content="Once")), continue_last=True)
    _, body = body_of(request)
    assert body["messages"][-1] == {"role": "assistant", "content": "Once"}
    assert (body["add_generation_prompt"], body["continue_final_message"]) == (False, True)
    with pytest.raises(InvalidRequest) as caught:
        body_of(request, continues=False)
    assert caught.value.param == "continue_last"
