"""Every range at its ends and one beyond (D3, D4)."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from covey.domain.request_checks import RequestLimits, check_embed, check_generate
from covey.errors import InvalidRequest, PayloadTooLarge, RequestError
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    ChatMessage,
    Embed,
    Generate,
    ImagePart,
    ImageUrl,
    Sampling,
    TextPart,
)

LIMITS = RequestLimits()
HELLO = ChatMessage(role="user", content="hello")
IMAGE = ImagePart(image_url=ImageUrl(url="data:image/png;base64,AAAA"))


def request(**fields: Any) -> Generate:
    return Generate(**{"model": ModelName("m"), "messages": (HELLO,), **fields})


def sampling(name: str, value: float) -> Sampling:
    return msgspec.structs.replace(Sampling(), **{name: value})


def refused(**fields: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        check_generate(request(**fields), LIMITS)
    return caught.value


def test_a_plain_request_passes_and_is_measured() -> None:
    size = check_generate(request(messages=(HELLO, HELLO)), LIMITS)
    assert (size.text_chars, size.messages, size.images) == (10, 2, 0)
    assert size.estimated_tokens <= size.most_tokens


RANGES: list[tuple[str, float, float]] = [
    ("temperature", 0.0, 2.0),
    ("top_k", 0, 1000),
    ("min_p", 0.0, 1.0),
    ("repeat_penalty", 0.0, 10.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
    ("seed", 0, 2**32 - 1),
    ("max_tokens", 1, 1_000_000),
]


@pytest.mark.parametrize(("name", "least", "most"), RANGES, ids=[name for name, _, _ in RANGES])
def test_d3_numbers_pass_up_to_their_ends_and_not_beyond(name: str, least: float, most: float) -> None:
    step = 1 if isinstance(least, int) else 0.001
    for good in (least, most):
        check_generate(request(sampling=sampling(name, good)), LIMITS)
    beyond = [least - step, most + step, 2**31 if most < 2**31 else 2**33, 2**63]
    if isinstance(least, float):
        beyond += [math.nan, math.inf, -math.inf]
    for bad in beyond:
        error = refused(sampling=sampling(name, bad))
        assert isinstance(error, InvalidRequest)
        assert error.param == name


def test_d3_top_p_is_above_zero() -> None:
    check_generate(request(sampling=Sampling(top_p=0.001)), LIMITS)
    assert refused(sampling=Sampling(top_p=0.0)).param == "top_p"


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (Sampling(stop=("x",) * 17), "stop"),
        (Sampling(stop=("x" * 501,)), "stop"),
        (Sampling(stop=("",)), "stop"),
        (Sampling(logit_bias={"word": 1.0}), "logit_bias"),
        (Sampling(logit_bias={"1": math.nan}), "logit_bias"),
        (Sampling(logit_bias={"1": 101.0}), "logit_bias"),
        (Sampling(logit_bias={str(number): 1.0 for number in range(1025)}), "logit_bias"),
        (Sampling(logit_bias={"٣": 1.0}), "logit_bias"),
    ],
)
def test_d3_stop_strings_and_biases_are_bounded(asked: Sampling, param: str) -> None:
    assert refused(sampling=asked).param == param


@pytest.mark.parametrize(
    "fields",
    [
        {"keep_alive_s": math.nan},
        {"keep_alive_s": 2.0**63},
        {"top_logprobs": 21},
        {"top_logprobs": -1},
        {"reasoning_effort": "x" * 33},
        {"think": ""},
        {"model": ""},
        {"model": "m" * 257},
    ],
    ids=str,
)
def test_d3_the_other_options_are_bounded(fields: dict[str, Any]) -> None:
    assert isinstance(refused(**fields), InvalidRequest)


def test_d4_messages_and_texts_are_bounded() -> None:
    check_generate(request(messages=(HELLO,) * 4096), LIMITS)
    assert refused(messages=(HELLO,) * 4097).param == "messages"
    assert refused(messages=()).param == "messages"
    small = msgspec.structs.replace(LIMITS, max_text_chars=10)
    check_generate(request(messages=(HELLO, HELLO)), small)
    for messages in (
        (HELLO, HELLO, HELLO),
        (ChatMessage(role="user", content=(TextPart(text="x" * 11),)),),
        (ChatMessage(role="assistant", content="", reasoning="x" * 11),),
    ):
        with pytest.raises(PayloadTooLarge):
            check_generate(request(messages=messages), small)
    with pytest.raises(PayloadTooLarge):
        check_generate(request(messages=(), prompt="x" * 6, suffix="y" * 5), small)


def test_d4_images_are_bounded_and_never_fetched() -> None:
    check_generate(request(messages=(ChatMessage(role="user", content=(IMAGE,) * 32),)), LIMITS)
    assert refused(messages=(ChatMessage(role="user", content=(IMAGE,) * 33),)).param == "messages"
    remote = ImagePart(image_url=ImageUrl(url="http://127.0.0.1/x.png"))
    assert refused(messages=(ChatMessage(role="user", content=(remote,)),)).param == "messages"
    large = ImagePart(image_url=ImageUrl(url="data:" + "A" * 28_000_001))
    assert isinstance(refused(messages=(ChatMessage(role="user", content=(large,)),)), PayloadTooLarge)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_d4_tools_are_bounded_in_number_size_and_depth() -> None:
    check_generate(request(tools=({"type": "function"},) * 256), LIMITS)
    assert refused(tools=({},) * 257).param == "tools"
    check_generate(request(tools=(nested(32),)), LIMITS)
    assert refused(tools=(nested(33),)).param == "tools"
    assert refused(response_format=nested(34)).param == "response_format"
    assert isinstance(refused(tools=({"x": "y" * 1_000_001},)), PayloadTooLarge)
    assert refused(tools=({"x": math.nan},)).param == "tools"


def test_messages_and_prompt_exclude_each_other() -> None:
    assert refused(prompt="x").param == "prompt"
    assert check_generate(request(messages=(), prompt="four"), LIMITS).text_chars == 4


def test_embedding_inputs_are_bounded() -> None:
    model = ModelName("m")
    check_embed(Embed(model=model, inputs=("x",) * 2048), LIMITS)
    for bad in (
        Embed(model=model, inputs=()),
        Embed(model=model, inputs=("x",) * 2049),
        Embed(model=model, inputs=("x", "")),
        Embed(model=model, inputs=("x",), dimensions=0),
        Embed(model=model, inputs=("x",), dimensions=2**31),
        Embed(model=model, inputs=("x" * 4_000_001,)),
    ):
        with pytest.raises(RequestError):
            check_embed(bad, LIMITS)
