"""A model file that the engine may load, under the names it goes by."""

from __future__ import annotations

from pathlib import Path

import msgspec


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    path: Path
    aliases: tuple[str, ...] = ()
    digest: str | None = None
    """``sha256:…`` when it is known; nobody computes it for this."""
    license: str | None = None
