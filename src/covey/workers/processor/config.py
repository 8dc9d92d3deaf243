"""Settings of the processor worker."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from covey.quantities import NonNegativeInt, PositiveInt, PositiveSeconds, Seconds


class DefaultSampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model uses where a request says nothing."""

    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    """How freely the next token is chosen."""
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] | None = None
    """Only the likeliest tokens that make up this share are considered."""
    top_k: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """Only so many of the likeliest tokens are considered; 0: all."""
    min_p: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    """Tokens less likely than this share of the likeliest one are left out."""
    repeat_penalty: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    """Above 1 makes repetition less likely."""
    presence_penalty: Annotated[float, Meta(ge=-2.0, le=2.0)] | None = None
    """Above 0 makes tokens that occurred less likely."""
    frequency_penalty: Annotated[float, Meta(ge=-2.0, le=2.0)] | None = None
    """Above 0 makes tokens less likely the more often they occurred."""
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    """The same request then gives the same answer, as far as the engine can."""
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends."""
    max_tokens: PositiveInt | None = None
    """Longest answer in tokens."""


class ConfiguredModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator says of a model that an engine has."""

    name: str
    """The model's name as its engine knows it."""
    aliases: tuple[str, ...] = ()
    """Further names under which it can be used."""
    engine: str = ""
    """The engine that has to run it, by the engine's name; empty: the first one that has it."""
    sampling: DefaultSampling = DefaultSampling()
    """Used where a request says nothing."""
    hidden: bool = False
    """Whether it is kept from use, though its engine has it."""


class DownloadableModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that can be pulled by its name."""

    name: str
    """What ``pull`` calls it, for example ``smollm2:135m``."""
    url: str
    """Where the GGUF file is."""
    size_bytes: NonNegativeInt
    """About how large it is; what the server says counts."""
    license: str
    """The licence's SPDX identifier."""
    sha256: str = ""
    """What the file has to hash to; empty: what the server declares is used."""
    description: str = ""
    """One line for lists."""


class CatalogueConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models that can be pulled, and where they may come from."""

    models: tuple[DownloadableModel, ...] = ()
    """Models that can be pulled, besides the built-in ones; the same name replaces a built-in one."""
    allow_addresses: bool = False
    """Whether any https address may be pulled, with its SHA-256, not only the models of the catalogue."""
    allow_http: bool = False
    """Whether unencrypted addresses are allowed."""
    allow_private_addresses: bool = False
    """Whether models may come from loopback and private networks, for example from a mirror of one's own."""
    free_space_bytes: NonNegativeInt = 1_000_000_000
    """Room that has to stay free on the disk after a download."""
    largest_model_bytes: NonNegativeInt = 500_000_000_000
    """Nothing larger than this is downloaded."""
    connect_timeout_s: PositiveSeconds = 10.0
    """Longest time to reach a server."""
    read_timeout_s: PositiveSeconds = 60.0
    """Longest silence of a server in the middle of a download."""
    retry_delay_s: Seconds = 1.0
    """Time before a broken download is resumed; longer with each failure in a row, five of which end it."""
    concurrent_downloads: PositiveInt = 2
    """How many models are downloaded at the same time; further ones wait."""


class ProcessorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models, and the queue in front of each engine."""

    model_file: str = ""
    """A GGUF file to serve, besides the models of the catalogue; it is the default model then."""
    default_model: str = ""
    """What the name ``default`` means; empty: the model of ``model_file``, or else the first one there is."""
    models: tuple[ConfiguredModel, ...] = ()
    """Aliases, default sampling and engine of single models."""
    queue_limit: NonNegativeInt = 256
    """How many requests may wait for each engine; further ones are refused with a time to come back."""
    user_queue_limit: NonNegativeInt = 64
    """How many of them may belong to one user."""
    queue_report_interval_s: Seconds = 0.5
    """How often a waiting request is told its place, when it changed."""
    default_concurrency: PositiveInt = 64
    """Requests at once for an engine that does not say how many it can run."""
    max_tokens_limit: PositiveInt = 32_768
    """Longest answer in tokens, whatever a request asks for."""
    generation_timeout_s: PositiveSeconds = 900.0
    """Longest time from a request's start on the engine to the end of its answer; then it is ended as failed."""
    refresh_interval_s: PositiveSeconds = 5.0
    """How often engines are asked for their models and their health."""
    catalogue: CatalogueConfig = CatalogueConfig()
    """Where models come from."""
