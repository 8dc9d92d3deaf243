"""Detached generations: begun by one request, followed by others from any event on, cancelled by id."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import msgspec

from covey.bridge.calls import Calls
from covey.bridge.credentials import require_credential
from covey.bridge.dialects.image_sources import refuse_fetched_images
from covey.bridge.errors import problem_of
from covey.bridge.exchange import Exchange
from covey.bridge.json_objects import encode_complete
from covey.bridge.router import Described, Route
from covey.bridge.routes.platform import PREFIX, convert, query_pairs, read_object, unknown_field
from covey.domain.generation_ids import is_generation_id
from covey.domain.generation_ids import owner_of as owner_among
from covey.errors import CoveyError, InvalidRequest, NotFound
from covey.protocol.endpoint import Empty
from covey.protocol.ids import ConversationId, GenerationId, InstanceId, MessageId
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_FOLLOW,
    CLIENT_START,
    CancelGeneration,
    FollowGeneration,
    Generate,
    GenerationAccepted,
    GenerationEvent,
    StartGeneration,
)
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext


class NewGeneration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /covey/v1/generations``."""

    generate: Generate
    conversation_id: ConversationId | None = None
    """Append the last message of ``generate`` and the answer to this conversation. At most one of the next three says
    where; without any, the place is found by comparing the history."""
    parent_id: MessageId | None = None
    """The stored message that the question goes under; an empty text: none, it begins the conversation."""
    answer_to: MessageId | None = None
    """A stored question to answer (again): nothing is appended, the answer becomes a branch beside earlier ones."""
    continue_id: MessageId | None = None
    """A stored answer to continue: the new text is appended to it."""
    stored_history: bool = False
    """Send the engine the stored messages of that place; ``generate`` then holds system messages and, with
    ``parent_id``, the question. Always so for ``answer_to`` and ``continue_id`` when ``generate`` holds no turns."""


class FollowQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: int = -1
    """The last event already seen; the header ``Last-Event-ID`` says the same."""


def generation_routes(calls: Calls) -> list[Route]:
    handlers = _Generations(calls)
    return [
        Route(
            "POST",
            PREFIX + "/generations",
            handlers.start,
            Described(
                "generations.start",
                "Begin a generation that goes on without a reader",
                "generations",
                request=NewGeneration,
                response=GenerationAccepted,
                status=202,
                access="inference",
            ),
        ),
        Route(
            "GET",
            PREFIX + "/generations/{generation_id}/events",
            handlers.follow,
            Described(
                "generations.follow",
                "The events of a generation, from any one on",
                "generations",
                response=GenerationEvent,
                query=FollowQuery,
                access="inference",
                content_types=("text/event-stream",),
                path_names=("generation_id",),
            ),
            cancellable=True,
        ),
        Route(
            "DELETE",
            PREFIX + "/generations/{generation_id}",
            handlers.cancel,
            Described(
                "generations.cancel",
                "Stop a generation",
                "generations",
                response=Empty,
                access="inference",
                path_names=("generation_id",),
            ),
        ),
    ]


class _Generations:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def start(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        values = await read_object(exchange, exchange.max_body_bytes)
        accepted = await start_generation(self._calls, exchange.context(CLIENT_START.timeout_s), credential, values)
        location = f"{PREFIX}/generations/{accepted.generation_id}".encode("ascii", "replace")
        await exchange.respond(202, encode_complete(accepted), headers=[(b"location", location)])

    async def follow(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        generation_id = exchange.path_parameters["generation_id"]
        after = _after(exchange)
        exchange.failure_frames = lambda error: _error_event(error, exchange)
        events = follow_generation(
            self._calls,
            exchange.context(None),
            FollowGeneration(credential=credential, generation_id=GenerationId(generation_id), after=after),
        )
        stream = self._calls.line_stream(exchange)
        async with stream, aclosing(events):
            number = after
            async for event in events:
                number += 1
                await stream.write(b"id: %d\ndata: %b\n\n" % (number, encode_complete(event)))
            await stream.end()

    async def cancel(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        generation_id = GenerationId(exchange.path_parameters["generation_id"])
        await self._calls.bus.call(
            CLIENT_CANCEL,
            CancelGeneration(credential=credential, generation_id=generation_id),
            exchange.context(CLIENT_CANCEL.timeout_s),
            to=owner_of(self._calls.bus, generation_id),
        )
        await exchange.respond(200, b"{}")


async def start_generation(
    calls: Calls, context: CallContext, credential: str, values: dict[str, Any]
) -> GenerationAccepted:
    """Begin a detached generation from plain values. Raises InvalidRequest, naming the field."""
    for name in values:
        if name not in NewGeneration.__struct_fields__:
            raise unknown_field(name, NewGeneration.__struct_fields__)
    asked = values.get("generate")
    if isinstance(asked, dict):
        for name in asked:
            if name not in Generate.__struct_fields__:
                raise unknown_field(name, Generate.__struct_fields__)
    new: NewGeneration = convert(values, NewGeneration, strict=True)
    refuse_fetched_images(new.generate.messages, "generate.messages", kept=new.conversation_id is not None)
    return await calls.bus.call(
        CLIENT_START,
        StartGeneration(
            credential=credential,
            generate=new.generate,
            detached=True,
            conversation_id=new.conversation_id,
            parent_id=new.parent_id,
            answer_to=new.answer_to,
            continue_id=new.continue_id,
            stored_history=new.stored_history,
        ),
        context,
    )


def follow_generation(
    calls: Calls, context: CallContext, follow: FollowGeneration
) -> AsyncGenerator[GenerationEvent, None]:
    """The events after ``follow.after``. Raises NotFound for an id that cannot be one."""
    return cast(
        "AsyncGenerator[GenerationEvent, None]",
        calls.bus.stream(CLIENT_FOLLOW, follow, context, to=owner_of(calls.bus, follow.generation_id)),
    )


def owner_of(bus: Bus, generation_id: str) -> InstanceId | None:
    """The client worker that owns a generation; None when it is gone, and any other may say what became of it.

    Raises NotFound for an id that cannot be one.
    """
    if not is_generation_id(generation_id):
        raise NotFound("there is no such generation", param="generation_id")
    return owner_among(generation_id, [info.instance for info in bus.instances(CLIENT_FOLLOW.service)])


def _after(exchange: Exchange) -> int:
    given = exchange.text_header(b"last-event-id")
    for name, value in query_pairs(exchange):
        if name != "after":
            raise unknown_field(name, FollowQuery.__struct_fields__)
        given = value if given is None else given
    if given is None:
        return -1
    if not re.fullmatch(r"-1|[0-9]{1,9}", given):
        raise InvalidRequest("after is the number of an event", param="after")
    return int(given)


def _error_event(error: CoveyError, exchange: Exchange) -> bytes:
    problem = msgspec.json.encode(problem_of(error, exchange.request_id))
    return b"event: error\ndata: " + problem + b"\n\n"
