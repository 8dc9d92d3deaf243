"""How to reach a server with OpenAI's API, and what it can."""

from __future__ import annotations

from typing import Literal

import msgspec

from covey.backends.http import HttpConfig
from covey.protocol.registry import Capability
from covey.quantities import NonNegativeInt, PositiveInt


class OpenAIModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of the server that may be used."""

    name: str
    """What it is called here."""
    upstream: str = ""
    """What the server calls it; empty: the same."""
    capabilities: tuple[Capability, ...] = ("chat", "completion")
    """What it can do; the server does not say."""
    context_length: PositiveInt | None = None
    """Tokens that prompt and answer of one request may have together; not given: what the server says, if it does."""


class OpenAIConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server with OpenAI's API."""

    name: str
    """What the engine is called in lists."""
    base_url: str
    """Address up to and including the version, for example ``http://127.0.0.1:8000/v1``."""
    api_key: str = ""
    """Key that the server wants as bearer token; empty: none."""
    models: tuple[OpenAIModel, ...] = ()
    """Models that may be used, and under which names; empty: all that the server lists."""
    capabilities: tuple[Capability, ...] = ("chat", "completion", "tools")
    """What the models can do when ``models`` is empty."""
    slots: NonNegativeInt = 0
    """How many requests it is given at once; 0: no limit."""
    extra_sampling: bool = True
    """Whether it takes ``top_k``, ``min_p`` and ``repetition_penalty``, which are not OpenAI's."""
    repeat_penalty_name: Literal["repetition_penalty", "repeat_penalty"] = "repetition_penalty"
    """What it calls the penalty on repetition: vLLM and SGLang the first, llama-server the second."""
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What it calls the limit on the answer in chats."""
    developer_role: bool = False
    """Whether it knows the ``developer`` role; else such messages go out as ``system``."""
    continues: bool = True
    """Whether it can go on with the last message when that is the assistant's: vLLM, SGLang and llama-server can,
    OpenAI cannot. When not, the continuation of a broken-off answer is refused."""
    cache_salt: bool = False
    """Whether requests carry a ``cache_salt``, another for each account, as vLLM knows it: what the server
    keeps of a prompt then serves the same account alone, and its speed tells others nothing."""
    reasoning_name: Literal["", "reasoning", "reasoning_content"] = ""
    """Field that takes the reasoning of earlier answers; empty: it is left out."""
    max_answer_tokens: PositiveInt = 131_072
    """Longest answer that is taken, whatever the request says; then the generation ends as cut by length."""
    http: HttpConfig = HttpConfig()
    """Time-outs and limits of the connection."""
