"""Messages as complete JSON: inside Covey defaults are left out, at the edge every field is there."""

from __future__ import annotations

from typing import Any

import msgspec


def complete(value: Any) -> Any:
    """Plain values with every field of every Struct, defaults included, and the tags of unions."""
    if isinstance(value, msgspec.Struct):
        found: dict[str, Any] = {}
        config = value.__struct_config__
        if config.tag_field is not None:
            found[config.tag_field] = config.tag
        for name, encoded in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            found[encoded] = complete(getattr(value, name))
        return found
    if isinstance(value, (list, tuple)):
        return [complete(item) for item in value]
    if isinstance(value, dict):
        return {key: complete(item) for key, item in value.items()}
    return value


def encode_complete(value: Any) -> bytes:
    return msgspec.json.encode(complete(value))
