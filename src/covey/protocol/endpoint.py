"""The contract that both sides of a conversation import: a name and its message types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

RequestT = TypeVar("RequestT", bound=msgspec.Struct)
ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)
ItemT = TypeVar("ItemT")
EventT = TypeVar("EventT", bound=msgspec.Struct)


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every wire message.

    Unknown fields are ignored on decoding, every field added later has a default, types never change, and a removed
    field's name is never used again: old and new workers run together.
    """


class Empty(Message, frozen=True, kw_only=True):
    """An answer, or a question, without content."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[RequestT, ResponseT]):
    """One question, one answer. ``name`` is ``<service>.<verb phrase>``; the service is its queue group."""

    name: str
    request: type[RequestT]
    response: type[ResponseT]
    timeout_s: float = 5.0
    """How long a caller waits unless its own deadline is nearer."""
    idempotent: bool = False
    """Whether it may be sent again after a time-out."""
    local: bool = False
    """Whether it is answered within the process only."""

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class StreamEndpoint(Generic[RequestT, ItemT]):
    """One question, a sequence of answers with an explicit end. ``item`` is a Struct or a tagged union of Structs."""

    name: str
    request: type[RequestT]
    item: Any
    """The type to decode items with; ``Any`` because a union is no ``type``. Build with :func:`stream_endpoint`."""
    idle_timeout_s: float = 120.0
    """Longest silence, signs of life not counted, before the reader gives up."""

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Topic(Generic[EventT]):
    """An event that any number of listeners may hear. Delivery is at most once: state that matters is in the store."""

    name: str
    event: type[EventT]
