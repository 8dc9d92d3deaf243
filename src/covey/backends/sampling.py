"""The ranges that every engine keeps to: what is outside never reaches one."""

from __future__ import annotations

from operator import attrgetter

from covey.errors import InvalidRequest
from covey.protocol.inference import Generate, Sampling

MAX_STOPS = 16
MAX_STOP_CHARACTERS = 500
MAX_BIASES = 1024
MAX_TOP_LOGPROBS = 20

MAX_TOKENS = 2**31 - 1

_RANGES: tuple[tuple[str, float, float], ...] = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("top_k", 0, 1000),
    ("min_p", 0, 1),
    ("repeat_penalty", 0, 10),
    ("presence_penalty", -2, 2),
    ("frequency_penalty", -2, 2),
    ("seed", 0, 2**32 - 1),
)
_RANGED = attrgetter(*(name for name, _, _ in _RANGES))
_ALL_UNSET = (None,) * len(_RANGES)


def check_request(request: Generate) -> None:
    """Raises InvalidRequest naming the field that is out of its range; what is not a number is out of every range."""
    check_sampling(request.sampling)
    if request.top_logprobs is not None and not 0 <= request.top_logprobs <= MAX_TOP_LOGPROBS:
        raise InvalidRequest(f"top_logprobs is 0 to {MAX_TOP_LOGPROBS}", param="top_logprobs")
    if request.prompt is None and not request.messages:
        raise InvalidRequest("there is nothing to answer", param="messages")
    check_continuation(request)


def check_continuation(request: Generate) -> None:
    """Raises InvalidRequest when there is no text of the assistant's to continue."""
    if not request.continue_last:
        return
    last = request.messages[-1] if request.messages and request.prompt is None else None
    if last is None or last.role != "assistant" or not isinstance(last.content, str) or not last.content:
        raise InvalidRequest("only a text of the assistant's can be continued", param="continue_last")
    if last.tool_calls:
        raise InvalidRequest("an answer that calls tools cannot be continued", param="continue_last")


def check_sampling(sampling: Sampling) -> None:
    values = _RANGED(sampling)
    if values != _ALL_UNSET:
        for value, (name, lowest, highest) in zip(values, _RANGES, strict=True):
            if value is not None and not lowest <= value <= highest:
                raise InvalidRequest(f"{name} is {lowest} to {highest}", param=name)
    if sampling.max_tokens is not None and not 1 <= sampling.max_tokens <= MAX_TOKENS:
        raise InvalidRequest(f"max_tokens is 1 to {MAX_TOKENS}", param="max_tokens")
    stops = sampling.stop
    if stops and (len(stops) > MAX_STOPS or any(not 0 < len(stop) <= MAX_STOP_CHARACTERS for stop in stops)):
        raise InvalidRequest(
            f"stop is at most {MAX_STOPS} texts of 1 to {MAX_STOP_CHARACTERS} characters", param="stop"
        )
    if not sampling.logit_bias:
        return
    for token, bias in sampling.logit_bias.items():
        if not (token.isascii() and token.isdigit() and len(token) <= 7 and -100 <= bias <= 100):
            raise InvalidRequest("logit_bias maps token ids to -100 to 100", param="logit_bias")
    if len(sampling.logit_bias) > MAX_BIASES:
        raise InvalidRequest(f"logit_bias has at most {MAX_BIASES} entries", param="logit_bias")


def answer_limit(request: Generate, most: int) -> int:
    """Tokens the answer may have: what was asked for, but no more than ``most``."""
    return min(request.sampling.max_tokens or most, most)
