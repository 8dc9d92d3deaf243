"""How to reach an Ollama server, and how its models are run."""

from __future__ import annotations

import msgspec

from covey.backends.http import HttpConfig
from covey.quantities import NonNegativeInt, PositiveInt, PositiveSeconds, SecondsOrForever


class OllamaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Ollama server."""

    name: str = "ollama"
    """What the engine is called in lists."""
    base_url: str = "http://127.0.0.1:11434"
    """Where it listens."""
    api_key: str = ""
    """Key that a proxy before it wants as bearer token; empty: none."""
    models: tuple[str, ...] = ()
    """Models that may be used; empty: all that it has."""
    slots: NonNegativeInt = 0
    """How many requests it is given at once; 0: no limit. Ollama itself runs ``OLLAMA_NUM_PARALLEL`` of a model."""
    context_length: PositiveInt | None = None
    """Tokens of context that models are loaded with; not given: as Ollama is set up."""
    keep_alive_s: SecondsOrForever | None = None
    """How long a model stays loaded after a request that does not say; negative: for ever."""
    max_answer_tokens: PositiveInt = 131_072
    """Longest answer that is taken, whatever the request says; then the generation ends as cut by length."""
    registries: tuple[str, ...] = ()
    """Hosts besides Ollama's own library that models may be pulled from, for example ``hf.co``."""
    pull_silence_s: PositiveSeconds = 900.0
    """Longest silence while a model is pulled; checking a large file takes minutes without a word."""
    http: HttpConfig = HttpConfig()
    """Time-outs and limits of the connection."""
