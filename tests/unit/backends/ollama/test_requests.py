from __future__ import annotations

from typing import Any

import msgspec
import pytest

from covey.backends.ollama import OllamaConfig
from covey.backends.ollama.requests import check_pull_name, encode_embed, encode_generate
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


def body_of(request: Generate, **settings: Any) -> tuple[str, dict[str, Any]]:
    path, raw = encode_generate(OllamaConfig(**settings), request)
    return path, msgspec.json.decode(raw)


def test_a_plain_chat_carries_nothing_but_what_was_said() -> None:
    assert body_of(Generate(model=MODEL, messages=USER)) == (
        "/api/chat",
        {"model": "m", "stream": True, "options": {}, "messages": [{"role": "user", "content": "hi"}]},
    )


def test_d3_the_options_have_ollamas_names() -> None:
    sampling = Sampling(temperature=0.5, top_p=0.9, top_k=40, min_p=0.1, repeat_penalty=1.1, presence_penalty=0.1,
                        frequency_penalty=0.2, seed=7, stop=("END",), max_tokens=9)  # fmt: skip
    _, body = body_of(Generate(model=MODEL, messages=USER, sampling=sampling), context_length=4096)
    assert body["options"] == {
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.1, "presence_penalty": 0.1,
        "frequency_penalty": 0.2, "seed": 7, "stop": ["END"], "num_predict": 9, "num_ctx": 4096,
    }  # fmt: skip


def test_prompts_are_raw_only_when_asked() -> None:
    assert body_of(Generate(model=MODEL, prompt="x")) == (
        "/api/generate", {"model": "m", "stream": True, "options": {}, "prompt": "x"},
    )  # fmt: skip
    assert body_of(Generate(model=MODEL, prompt="x", raw=True))[1]["raw"] is True
    filling = body_of(Generate(model=MODEL, prompt="x", suffix="y", raw=True))[1]
    assert filling["suffix"] == "y"
    assert "raw" not in filling


@pytest.mark.parametrize(
    ("asked", "setting", "sent"),
    [(None, None, None), (None, 60.0, 60), (5.0, 60.0, 5), (-7.0, None, -1), (0.0, 60.0, 0)],
)
def test_the_request_says_how_long_a_model_stays(
    asked: float | None, setting: float | None, sent: float | None
) -> None:
    _, body = body_of(Generate(model=MODEL, messages=USER, keep_alive_s=asked), keep_alive_s=setting)
    assert body.get("keep_alive") == sent


@pytest.mark.parametrize(
    ("response_format", "sent"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}, {"type": "object"}),
    ],
)
def test_formats_are_json_or_a_schema(response_format: dict[str, Any], sent: Any) -> None:
    _, body = body_of(Generate(model=MODEL, messages=USER, response_format=response_format))
    assert body.get("format") == sent


@pytest.mark.parametrize(
    ("think", "effort", "sent"),
    [(None, None, None), (True, None, True), (False, "high", False), ("low", None, "low"), (None, "none", False),
     (None, "minimal", "low"), (None, "high", "high")],
)  # fmt: skip
def test_thinking_is_switched_either_way(think: bool | str | None, effort: str | None, sent: Any) -> None:
    _, body = body_of(Generate(model=MODEL, messages=USER, think=think, reasoning_effort=effort))
    assert body.get("think") == sent


def test_messages_keep_images_tools_and_reasoning() -> None:
    call = ToolCall(id="c1", function=FunctionCall(name="look", arguments='{"a":1}'))
    image = ImagePart(image_url=ImageUrl(url="data:image/png;base64,AAAA"))
    messages = (
        ChatMessage(role="developer", content="be kind"),
        ChatMessage(role="user", content=(TextPart(text="see"), image)),
        ChatMessage(role="assistant", reasoning="hm", tool_calls=(call,)),
        ChatMessage(role="tool", name="look", content="2", tool_call_id="c1"),
    )
    assert body_of(Generate(model=MODEL, messages=messages))[1]["messages"] == [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "see", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "2", "tool_name": "look", "tool_call_id": "c1"},
    ]


def test_only_tools_that_may_be_called_are_offered() -> None:
    tools = tuple({"type": "function", "function": {"name": name}} for name in ("look", "listen"))

    def offered(choice: Any) -> list[str]:
        _, body = body_of(Generate(model=MODEL, messages=USER, tools=tools, tool_choice=choice))
        return [tool["function"]["name"] for tool in body.get("tools", [])]

    assert offered(None) == offered("auto") == ["look", "listen"]
    assert offered("none") == []
    assert offered({"type": "function", "function": {"name": "listen"}}) == ["listen"]


@pytest.mark.parametrize(
    "request_",
    [
        Generate(model=MODEL, messages=USER, sampling=Sampling(logit_bias={"1": 1.0})),
        Generate(model=MODEL, messages=USER, sampling=Sampling(max_tokens=0)),
        Generate(model=MODEL, messages=USER, response_format={"type": "json_schema"}),
        Generate(
            model=MODEL,
            messages=(ChatMessage(role="user", content=(ImagePart(image_url=ImageUrl(url="file:///etc/passwd")),)),),
        ),
        Generate(
            model=MODEL,
            messages=(ChatMessage(role="assistant", tool_calls=(ToolCall(function=FunctionCall(arguments="[1]")),)),),
        ),
    ],
    ids=["bias", "limit", "no schema", "file", "arguments"],
)
def test_what_cannot_be_sent_is_refused(request_: Generate) -> None:
    with pytest.raises(InvalidRequest):
        body_of(request_)


def test_embeddings_carry_their_inputs() -> None:
    raw = encode_embed(OllamaConfig(keep_alive_s=9), Embed(model=MODEL, inputs=("a",), dimensions=8))
    assert msgspec.json.decode(raw) == {"model": "m", "input": ["a"], "dimensions": 8, "keep_alive": 9}
    with pytest.raises(InvalidRequest):
        encode_embed(OllamaConfig(), Embed(model=MODEL, inputs=("a",), dimensions=-1))


@pytest.mark.parametrize("name", ["llama3", "llama3:8b", "user/model:tag", "hf.co/user/model:Q4_K_M", "qwen2.5:0.5b"])
def test_usual_names_can_be_pulled(name: str) -> None:
    check_pull_name(OllamaConfig(registries=("hf.co",)), name)


@pytest.mark.parametrize(
    "name",
    ["evil.example/user/model", "127.0.0.1:80/a/b", "http://x/y", "../../etc", "a/../b", "", "a b", "a" * 200,
     "x/y/z/w", "a\nb", "@", "a:b:c"],
)  # fmt: skip
def test_d5_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_pull_name(OllamaConfig(registries=("hf.co",)), name)


def test_a_continuation_is_refused_because_it_would_depend_on_the_template() -> None:
    request = Generate(model=MODEL, messages=(*USER, ChatMessage(role="assistant", content="Once")), continue_last=True)
    with pytest.raises(InvalidRequest) as caught:
        body_of(request)
    assert caught.value.param == "continue_last"
