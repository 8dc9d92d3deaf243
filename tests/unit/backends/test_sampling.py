from __future__ import annotations

import math
from typing import Any

import pytest

from covey.backends.sampling import answer_limit, check_continuation, check_request, check_sampling
from covey.errors import InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Generate, Sampling, ToolCall


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1), ("temperature", 2.1), ("temperature", math.nan), ("temperature", math.inf),
        ("top_p", 1.1), ("top_p", math.nan), ("top_k", -1), ("top_k", 1001), ("min_p", 2.0),
        ("repeat_penalty", -1.0), ("repeat_penalty", 11.0), ("presence_penalty", 3.0), ("frequency_penalty", -3.0),
        ("seed", -1), ("seed", 2**32), ("max_tokens", 0), ("max_tokens", -1), ("max_tokens", 2**63),
        ("stop", ("x",) * 17), ("stop", ("x" * 501,)), ("stop", ("",)),
        ("logit_bias", {"a": 1.0}), ("logit_bias", {"1": 101.0}), ("logit_bias", {"1": math.nan}),
        ("logit_bias", {str(token): 1.0 for token in range(1025)}),
    ],
)  # fmt: skip
def test_d3_what_is_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_sampling(Sampling(**{name: value}))
    assert refused.value.param == name


def test_everything_at_its_limit_is_taken() -> None:
    check_sampling(Sampling())
    check_sampling(
        Sampling(temperature=2, top_p=1, top_k=1000, min_p=1, repeat_penalty=10, presence_penalty=-2,
                 frequency_penalty=2, seed=2**32 - 1, max_tokens=1, stop=("x" * 500,) * 16, logit_bias={"7": -100})
    )  # fmt: skip


def test_an_empty_request_and_too_many_logprobs_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        check_request(Generate(model=ModelName("m")))
    with pytest.raises(InvalidRequest):
        check_request(Generate(model=ModelName("m"), prompt="x", top_logprobs=21))


def test_an_answer_is_never_longer_than_the_setting() -> None:
    def limit(max_tokens: int | None) -> int:
        return answer_limit(Generate(model=ModelName("m"), prompt="x", sampling=Sampling(max_tokens=max_tokens)), 100)

    assert [limit(None), limit(7), limit(2**31 - 1)] == [100, 7, 100]


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (ChatMessage(role="user", content="hi"),),
        (ChatMessage(role="assistant", content=""),),
        (ChatMessage(role="assistant", content="a", tool_calls=(ToolCall(id="1"),)),),
    ],
)
def test_only_a_text_of_the_assistants_can_be_continued(messages: tuple[ChatMessage, ...]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_continuation(Generate(model=ModelName("m"), messages=messages, continue_last=True))
    assert caught.value.param == "continue_last"
