"""Settings of the embedded llama.cpp engine."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from covey.quantities import PositiveInt, PositiveSeconds, SecondsOrForever

LoadTime = Literal["at_start", "in_background", "on_demand"]
PromptCache = Literal["account", "shared", "off"]


class ModelFileConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model file that is there already, wherever it lies."""

    path: str
    """Where the GGUF file is; a relative path counts from the working directory."""
    name: str = ""
    """What to call it; empty: a name made from the file's name."""
    aliases: tuple[str, ...] = ()
    """Further names that mean this model."""


class LlamaCppConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded engine, which runs model files itself."""

    name: str = "llamacpp"
    """The engine's name in lists, logs and metrics."""
    models: tuple[ModelFileConfig, ...] = ()
    """Model files to offer, besides those that the catalogue has downloaded or imported."""
    load: LoadTime = "in_background"
    """When the first model is loaded: before the engine counts as started, right after it (requests wait for it), or
    with the first request for it."""
    max_loaded_models: PositiveInt = 1
    """How many models may be in memory at once; the one unused for longest makes room, never one that is at work."""
    slots: Annotated[int, Meta(ge=1, le=64)] = 4
    """How many requests one model works on at the same time. Each slot has a context of its own in memory."""
    context_length: PositiveInt = 4096
    """Tokens of prompt and answer together that one slot holds; no more than the model was trained for is used."""
    batch_tokens: Annotated[int, Meta(ge=0, le=8192)] = 0
    """Tokens of a prompt that are worked off in one step, at least 16: a prompt that is cancelled occupies the engine
    for the rest of its step and at most one more. 0: 64, or 32 for models that would take longer than half a second for
    them on the CPU, and 512 where a GPU does all the work."""
    embedding_tokens: Annotated[int, Meta(ge=32, le=8192)] = 512
    """Longest text that can be embedded, in tokens, and never more than the context. It is worked off in one
    step, which nothing interrupts."""
    threads: Annotated[int, Meta(ge=0, le=1024)] = 0
    """CPU threads for one model; 0: as many as this process may really use. More than that slows everything down."""
    gpu_layers: Annotated[int, Meta(ge=-1)] = -1
    """Layers to put on the GPU; -1: all of them when the installed library supports a GPU; 0: none."""
    flash_attention: Literal["auto", "on", "off"] = "auto"
    """Whether the faster attention kernels are used."""
    embeddings: bool = True
    """Whether chat models answer embedding requests too, with the mean over the tokens of the text. The first such
    request starts a second process for the model, which shares its weights in memory and works on the CPU."""
    prompt_cache: PromptCache = "account"
    """What a slot may reuse of the prompt that it computed last: what the same account sent, what anybody sent
    (``shared``), or nothing (``off``). Where it is shared, the count of cached tokens and the time to the first token
    tell everybody whether somebody sent the same beginning shortly before."""
    load_timeout_s: PositiveSeconds = 300.0
    """Longest load of a model; then the load has failed."""
    stall_timeout_s: PositiveSeconds = 120.0
    """Longest time without progress of a running request; then the child counts as frozen and is replaced."""
    probe_interval_s: PositiveSeconds = 2.0
    """Time between two heartbeats of a child; three without an answer and it is replaced."""
    keep_alive_s: SecondsOrForever = -1.0
    """How long an unused model stays in memory; negative: until another one needs the room."""
    environment: dict[str, str] = {}
    """Environment variables of the children, for example ``CUDA_VISIBLE_DEVICES``. They inherit none, so that native
    code cannot read secrets from them. Threads that wait for each other sleep soon (``GOMP_SPINCOUNT = "1000"``), or
    else other work on the machine would slow the engine down tenfold; ``OMP_WAIT_POLICY`` or another count changes
    that."""

    def __post_init__(self) -> None:
        if 0 < self.batch_tokens < 16:
            raise ValueError("batch_tokens has to be 0, or 16 to 8192")
