"""How a model's makers say that its tokens should be chosen: ``general.sampling.*`` in the header of its file."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from covey.backends.llamacpp.gguf import Header
from covey.backends.llamacpp.requests import NATIVE_NAMES
from covey.protocol.inference import Sampling

KEYS = {
    "temperature": "general.sampling.temp",
    "top_k": "general.sampling.top_k",
    "top_p": "general.sampling.top_p",
    "min_p": "general.sampling.min_p",
    "repeat_penalty": "general.sampling.penalty_repeat",
}
"""Field of ``Sampling`` → key of the header."""
DIGITS = 6
"""Numbers are stored with single precision: 0.95 would otherwise be read as 0.949999988."""


def sampling_defaults(header: Header) -> dict[str, Any]:
    """Fields of ``Sampling`` with their values; what a request could not ask for is passed over."""
    found: dict[str, Any] = {}
    for field, key in KEYS.items():
        value = header.metadata.get(key)
        _, least, greatest = NATIVE_NAMES[field]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            continue
        if least <= value <= greatest:
            found[field] = int(value) if field == "top_k" else round(float(value), DIGITS)
    return found


def with_defaults(sampling: Sampling, defaults: dict[str, Any]) -> Sampling:
    """What is asked for, and the defaults where nothing is."""
    missing = {field: value for field, value in defaults.items() if getattr(sampling, field) is None}
    return msgspec.structs.replace(sampling, **missing) if missing else sampling
