"""What Ollama says of its models, in our words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from covey.backends.failures import UNREADABLE
from covey.protocol.ids import ModelName
from covey.protocol.registry import Capability, ModelDetails, ModelInfo, PullProgress

_CAPABILITIES: dict[str, tuple[Capability, ...]] = {
    "completion": ("chat", "completion"),
    "embedding": ("embedding",),
    "tools": ("tools",),
    "vision": ("vision",),
    "thinking": ("thinking",),
}


class Details(msgspec.Struct, frozen=True):
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int | None = None


class Tag(msgspec.Struct):
    """One model of ``/api/tags``."""

    name: str
    size: int | None = None
    digest: str = ""
    modified_at: str = ""
    details: Details = Details()
    capabilities: list[str] | None = None


class Tags(msgspec.Struct):
    models: list[Tag] | None = None


class Loaded(msgspec.Struct):
    """One model of ``/api/ps``."""

    name: str
    context_length: int = 0
    expires_at: str = ""


class LoadedList(msgspec.Struct):
    models: list[Loaded] | None = None


class Shown(msgspec.Struct):
    """The answer of ``/api/show``."""

    license: str = ""
    template: str = ""
    parameters: str = ""
    details: Details = Details()
    model_info: dict[str, Any] | None = None
    capabilities: list[str] | None = None


class Progress(msgspec.Struct):
    """One line of ``/api/pull``."""

    status: str = ""
    digest: str | None = None
    total: int | None = None
    completed: int | None = None
    error: str | None = None


def model_info(engine: str, tag: Tag, shown: Shown | None, loaded: Loaded | None) -> ModelInfo:
    listed = tag.capabilities or (shown.capabilities if shown else None)
    capabilities: list[Capability] = []
    for name in ["completion"] if listed is None else listed:
        capabilities.extend(_CAPABILITIES.get(name, ()))
    context_length = (loaded.context_length if loaded else 0) or tag.details.context_length or trained_length(shown)
    return ModelInfo(
        name=ModelName(tag.name),
        aliases=(ModelName(tag.name.removesuffix(":latest")),) if tag.name.endswith(":latest") else (),
        engine=engine,
        state="loaded" if loaded else "cold",
        capabilities=tuple(capabilities),
        context_length=context_length,
        size_bytes=tag.size,
        parameters=tag.details.parameter_size or None,
        quantization=tag.details.quantization_level or None,
        family=tag.details.family or None,
        digest=f"sha256:{tag.digest}" if tag.digest else None,
        modified_at=unix_seconds(tag.modified_at),
    )


def trained_length(shown: Shown | None) -> int | None:
    """``llama.context_length``, or whatever the architecture is called."""
    for name, value in ((shown.model_info if shown else None) or {}).items():
        if name.endswith(".context_length") and isinstance(value, int):
            return value
    return None


def model_details(info: ModelInfo, shown: Shown) -> ModelDetails:
    scalars = {
        name: value
        for name, value in (shown.model_info or {}).items()
        if isinstance(value, str | int | float | bool) and len(str(value)) <= 1000
    }
    return ModelDetails(
        model=info,
        template=shown.template or None,
        parameters=parameters_of(shown.parameters),
        metadata=scalars,
        license=shown.license or None,
    )


def parameters_of(text: str) -> dict[str, Any]:
    """``stop   "<|end|>"`` per line; a name that comes twice has a list."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, _, raw = line.strip().partition(" ")
        raw = raw.strip()
        try:
            value = msgspec.json.decode(raw)
        except UNREADABLE:
            value = raw
        if name in found:
            earlier = found[name]
            found[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        elif name:
            found[name] = value
    return found


def unix_seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def pull_progress(line: Progress) -> PullProgress:
    if line.status.startswith("pulling ") and line.digest:
        return PullProgress(
            status="downloading", digest=line.digest, total_bytes=line.total, completed_bytes=line.completed or 0
        )
    if line.status == "success":
        return PullProgress(status="done")
    if line.status.startswith("verifying"):
        return PullProgress(status="verifying")
    return PullProgress(status="resolving" if line.status.startswith("pulling") else "installing")
