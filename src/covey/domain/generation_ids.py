"""Ids of generations carry the client worker instance that owns them, so that anybody can direct a call to it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from covey.protocol.ids import GenerationId, InstanceId

_GENERATION_ID = re.compile(r"gen_([0-9a-z]{1,40})_([0-9a-z]{1,40})\Z")
_UNIQUE = re.compile(r"[0-9a-z]{1,40}\Z")


def instance_suffix(instance: InstanceId) -> str:
    """The part of an instance's id that no other instance has: ``client-0abc__scope`` → ``0abc``."""
    return instance.partition("__")[0].rpartition("-")[2]


def generation_id(owner: InstanceId, unique: str) -> GenerationId:
    """The id of a new generation of ``owner``; ``unique`` is 1 to 40 lower-case letters and digits, never used twice.

    Raises ValueError for anything else: ids are made here, not read.
    """
    if not _UNIQUE.match(unique) or not _UNIQUE.match(instance_suffix(owner)):
        raise ValueError("a generation id is made of lower-case letters and digits")
    return GenerationId(f"gen_{instance_suffix(owner)}_{unique}")


def is_generation_id(text: str) -> bool:
    return _GENERATION_ID.match(text) is not None


def owner_of(generation: str, instances: Iterable[InstanceId]) -> InstanceId | None:
    """Which of ``instances`` owns the generation; None when none does, or when it is no such id."""
    match = _GENERATION_ID.match(generation)
    if match is None:
        return None
    for instance in instances:
        if instance_suffix(instance) == match[1]:
            return instance
    return None
