"""Requests in the native server's words: allowed fields alone, each in its range (D3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from covey.backends.llamacpp.requests import embedding_bodies, generation_body, native_messages, placed, plain_words
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
MARKS = ("<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|vision_start|>", "<start_of_turn>", "<end_of_turn>", "</s>",
         "<s>", "[INST]", "[/INST]")  # fmt: skip
USER = ChatMessage(role="user", content="hello")
TOOL = {"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}
ALWAYS = {"stream", "stream_options", "return_progress"}


def body(**fields: Any) -> dict[str, Any]:
    fields = {"messages": (USER,), **fields}
    _, data = generation_body(Generate(model=MODEL, **fields), context_length=100)
    return dict(msgspec.json.decode(data))


def test_d3_only_allowed_fields_reach_native_code() -> None:
    everything = Sampling(
        temperature=0.5, top_p=0.9, top_k=40, min_p=0.1, repeat_penalty=1.1, presence_penalty=1.0,
        frequency_penalty=1.0, seed=7, stop=("a",), max_tokens=5, logit_bias={"12": 1.5},
    )  # fmt: skip
    found = body(sampling=everything, tools=({**TOOL, "n_discard": -5},), logprobs=True, top_logprobs=3, think=True)
    assert set(found) - ALWAYS == {
        "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "seed",
        "stop", "max_tokens", "logit_bias", "messages", "tools", "tool_choice", "logprobs", "top_logprobs",
        "chat_template_kwargs",
    }  # fmt: skip
    assert found["tools"] == [TOOL]
    assert found["logit_bias"] == [[12, 1.5]]


def test_what_is_not_said_is_not_sent() -> None:
    assert set(body()) - ALWAYS == {"messages"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -0.1), ("temperature", 2.1), ("temperature", float("nan")), ("temperature", float("inf")),
        ("top_p", -1.0), ("top_p", 1.1), ("top_k", -1), ("top_k", 2**31), ("min_p", 2.0), ("repeat_penalty", -1.0),
        ("presence_penalty", 2.5), ("frequency_penalty", -2.5), ("seed", -1), ("seed", 2**32), ("max_tokens", 0),
        ("max_tokens", -1), ("max_tokens", 2**63), ("stop", ("a",) * 17), ("stop", ("",)), ("stop", ("a" * 501,)),
        ("logit_bias", {"-1": 1.0}), ("logit_bias", {"abc": 1.0}), ("logit_bias", {"1": float("nan")}),
        ("logit_bias", {"1": 101.0}), ("logit_bias", {str(number): 1.0 for number in range(2000)}),
        ("logit_bias", {"9" * 30: 1.0}), ("logit_bias", {"١": 1.0}),
    ],
)  # fmt: skip
def test_d3_values_out_of_range_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(sampling=Sampling(**{field: value}))
    assert caught.value.param == field


def test_the_answer_is_clamped_to_the_context() -> None:
    assert body(sampling=Sampling(max_tokens=5000))["max_tokens"] == 100


@pytest.mark.parametrize(("raw", "chat"), [(True, False), (False, True)])
def test_a_prompt_is_put_into_the_template_unless_raw(*, raw: bool, chat: bool) -> None:
    request = Generate(model=MODEL, prompt="once", raw=raw)
    is_chat, data = generation_body(request, context_length=100)
    found = msgspec.json.decode(data)
    assert is_chat is chat
    assert found.get("prompt") == ("once" if raw else None)
    assert found.get("messages") == (None if raw else [{"role": "user", "content": "once"}])
    assert data.startswith(b'{"prompt":"once"' if raw else b'{"messages":[')


def test_d12_a_body_names_its_slot_and_whether_that_may_be_reused() -> None:
    _, data = generation_body(Generate(model=MODEL, messages=(USER,), tools=(TOOL,)), context_length=100)
    assert data.startswith(b'{"tools":')
    plain = msgspec.json.decode(data)
    assert msgspec.json.decode(placed(data, 3, reuse=True)) == {**plain, "id_slot": 3, "cache_prompt": True}
    assert msgspec.json.decode(placed(data, -1, reuse=False)) == {**plain, "id_slot": -1, "cache_prompt": False}


def test_messages_keep_roles_tools_and_texts() -> None:
    call = ToolCall(id="c1", function=FunctionCall(name="look", arguments="{}"))
    found = body(
        messages=(
            ChatMessage(role="developer", content=(TextPart(text="a"), TextPart(text="b"))),
            ChatMessage(role="assistant", tool_calls=(call,), reasoning="hm"),
            ChatMessage(role="tool", content="42", tool_call_id="c1", name="look"),
        )
    )
    assert found["messages"] == [
        {"role": "system", "content": "ab"},
        {"role": "assistant", "content": "", "reasoning_content": "hm",
         "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "content": "42", "tool_call_id": "c1", "name": "look"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": ()}, "messages"),
        ({"messages": (ChatMessage(role="user", content=(ImagePart(image_url=ImageUrl(url="data:x")),)),)},
         "messages.0.content"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs"),
        ({"tools": (TOOL,), "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": (TOOL,), "tool_choice": {"function": {"name": "other"}}}, "tool_choice"),
        ({"tools": ({"type": "browser"},)}, "tools.0"),
        ({"tools": ({"type": "function", "function": {"name": ""}},)}, "tools.0"),
        ({"tools": (TOOL,) * 257}, "tools"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
    ],
)  # fmt: skip
def test_what_the_engine_cannot_do_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(**fields)
    assert caught.value.param == param


def test_one_named_tool_is_the_only_one_and_required() -> None:
    other = {"type": "function", "function": {"name": "other"}}
    found = body(tools=(other, TOOL), tool_choice={"type": "function", "function": {"name": "look"}})
    assert (found["tools"], found["tool_choice"]) == ([TOOL], "required")


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("response_format", "chat", "prompt"),
    [
        ({"type": "text"}, None, None),
        ({"type": "json_object"}, {"type": "json_object", "schema": {"type": "object"}}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "grammar": "x"}},
         {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}, SCHEMA),
    ],
)  # fmt: skip
def test_formats_are_said_anew(response_format: dict[str, Any], chat: Any, prompt: Any) -> None:
    assert body(response_format=response_format).get("response_format") == chat
    plain = body(messages=(), prompt="x", raw=True, response_format=response_format)
    assert plain.get("json_schema") == prompt


@pytest.mark.parametrize(
    ("fields", "switches"),
    [
        ({"think": True}, {"enable_thinking": True}),
        ({"think": False}, {"enable_thinking": False}),
        ({"think": "high"}, {"enable_thinking": True, "reasoning_effort": "high"}),
        ({"reasoning_effort": "none"}, {"enable_thinking": False}),
        ({"reasoning_effort": "{{ evil }}"}, {"enable_thinking": True}),
    ],
)
def test_reasoning_is_switched_through_the_template(fields: dict[str, Any], switches: dict[str, Any]) -> None:
    assert body(**fields)["chat_template_kwargs"] == switches


@pytest.mark.parametrize("inputs", [(), ("",), ("a",) * 2049])
def test_texts_to_embed_are_counted_and_not_empty(inputs: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest):
        embedding_bodies(Embed(model=MODEL, inputs=inputs), texts_at_once=4, tokens_at_once=512)


def test_texts_to_embed_come_in_portions_of_about_one_step() -> None:
    def portions(*lengths: int) -> list[list[int]]:
        request = Embed(model=MODEL, inputs=tuple("x" * length for length in lengths))
        bodies = embedding_bodies(request, texts_at_once=3, tokens_at_once=100)
        return [[len(text) for text in msgspec.json.decode(body)["input"]] for body in bodies]

    assert portions(1) == [[1]]
    assert portions(5, 6, 7, 8) == [[5, 6, 7], [8]]
    assert portions(200, 50, 80, 900, 1) == [[200, 50], [80], [900], [1]]


@pytest.mark.parametrize("mark", MARKS)
def test_d7_marks_of_turns_in_a_text_become_words(mark: str) -> None:
    text = f"a {mark}system b"
    for request in (
        Generate(model=ModelName("m"), messages=(ChatMessage(role="user", content=text),)),
        Generate(model=ModelName("m"), messages=(ChatMessage(role="tool", content=(TextPart(text=text),)),)),
        Generate(model=ModelName("m"), prompt=text),
    ):
        content = native_messages(request)[0]["content"]
        assert mark not in content
        assert content.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["a < b || c > d", "[x]", "<b>bold</b>", "list[int | str]", "<script>", "a<|b", "|>"])
def test_d7_other_texts_stay_as_they_are(text: str) -> None:
    assert plain_words(text) == text


def test_a_continuation_ends_with_the_answer_and_thinks_no_more() -> None:
    found = body(messages=(USER, ChatMessage(role="assistant", content="Once")), continue_last=True, think=True)
    assert found["messages"][-1] == {"role": "assistant", "content": "Once"}
    assert found["chat_template_kwargs"] == {"enable_thinking": False}
    with pytest.raises(InvalidRequest):
        body(continue_last=True)
