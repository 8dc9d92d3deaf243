"""How calls, errors and streams look between processes: headers, and msgpack bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote

import msgspec

from covey.errors import CoveyError, InvalidRequest, error_from_code
from covey.protocol import subjects
from covey.protocol.auth import Identity
from covey.protocol.endpoint import Endpoint, StreamEndpoint
from covey.protocol.ids import InstanceId, RequestId
from covey.rpc.context import CallContext

ItemT = TypeVar("ItemT")

encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()
_identity_decoder = msgspec.json.Decoder(Identity)


class ErrorReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error reply, whose code is a header, and the end of a failed stream, where it is inside."""

    detail: str = ""
    param: str | None = None
    retry_after_s: float | None = None
    code: str = ""


class StreamFrame(msgspec.Struct, Generic[ItemT], frozen=True, array_like=True):
    """Some items of a stream. Without items and end it is a sign of life. New fields go last and have defaults."""

    sequence: int
    """How many items came before this frame."""
    items: list[ItemT]
    instance: str = ""
    """Who sends: set in the first frame and in signs of life."""
    ended: bool = False
    error: ErrorReply | None = None


class Control(msgspec.Struct, frozen=True, array_like=True):
    """What the reader of a stream tells its sender. Limits are totals since the start: a lost one does no harm."""

    items: int = 0
    size_bytes: int = 0
    cancel: bool = False


control_decoder = msgspec.msgpack.Decoder(Control)
_error_decoder = msgspec.msgpack.Decoder(ErrorReply)


class Decoders:
    """One decoder per endpoint, made when it is first used."""

    def __init__(self) -> None:
        self._responses: dict[str, msgspec.msgpack.Decoder[Any]] = {}
        self._frames: dict[str, msgspec.msgpack.Decoder[StreamFrame[Any]]] = {}

    def response(self, endpoint: Endpoint[Any, Any]) -> msgspec.msgpack.Decoder[Any]:
        found = self._responses.get(endpoint.name)
        if found is None:
            found = self._responses[endpoint.name] = msgspec.msgpack.Decoder(endpoint.response)
        return found

    def frame(self, endpoint: StreamEndpoint[Any, Any]) -> msgspec.msgpack.Decoder[StreamFrame[Any]]:
        found = self._frames.get(endpoint.name)
        if found is None:
            frame_type = StreamFrame.__class_getitem__(endpoint.item)  # type: ignore[attr-defined]
            found = self._frames[endpoint.name] = msgspec.msgpack.Decoder(frame_type)
        return found


def headers_of(context: CallContext, *, now: float, deadline: float | None, caller: str) -> dict[str, str]:
    """The context as headers, at loop time ``now``. ``caller`` is the process that asks."""
    headers = {
        subjects.HEADER_CALLER: _header(caller),
        subjects.HEADER_REQUEST_ID: _header(context.request_id),
        subjects.HEADER_SENT_MS: str(int(now * 1000)),
    }
    if deadline is not None:
        headers[subjects.HEADER_DEADLINE_MS] = str(int((deadline - now) * 1000))
    if context.identity is not None:
        headers[subjects.HEADER_IDENTITY] = _json_encoder.encode(context.identity).decode()
    if context.idempotency_key is not None:
        headers[subjects.HEADER_IDEMPOTENCY_KEY] = _header(context.idempotency_key)
    if context.traceparent is not None:
        headers[subjects.HEADER_TRACEPARENT] = _header(context.traceparent)
    if context.client_address is not None:
        headers[subjects.HEADER_CLIENT_ADDRESS] = _header(context.client_address)
    return headers


def context_of(headers: Mapping[str, str], *, now: float, delay_s: float) -> CallContext:
    """The context that the headers carry; its deadline counts from when it was sent. Raises InvalidRequest."""
    try:
        remaining = headers.get(subjects.HEADER_DEADLINE_MS)
        identity = headers.get(subjects.HEADER_IDENTITY)
        caller = _text(headers, subjects.HEADER_CALLER)
        return CallContext(
            request_id=RequestId(unquote(headers[subjects.HEADER_REQUEST_ID])),
            deadline=None if remaining is None else now - delay_s + int(remaining) / 1000,
            identity=None if identity is None else _identity_decoder.decode(identity),
            caller=None if caller is None else InstanceId(caller),
            idempotency_key=_text(headers, subjects.HEADER_IDEMPOTENCY_KEY),
            traceparent=_text(headers, subjects.HEADER_TRACEPARENT),
            client_address=_text(headers, subjects.HEADER_CLIENT_ADDRESS),
        )
    except (KeyError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise InvalidRequest("the headers of the request are malformed") from error


def _header(value: str) -> str:
    # A header cannot keep line ends, outer spaces and more: whatever is not plain is quoted.
    if value.isascii() and value.isprintable() and "%" not in value and value == value.strip():
        return value
    return quote(value)


def _text(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name)
    return unquote(value) if value is not None and "%" in value else value


def error_reply(error: CoveyError) -> ErrorReply:
    return ErrorReply(detail=error.detail, param=error.param, retry_after_s=error.retry_after_s, code=error.code)


def error_of(reply: ErrorReply) -> CoveyError:
    return error_from_code(reply.code, reply.detail, param=reply.param, retry_after_s=reply.retry_after_s)


def error_in(code: str, payload: bytes) -> CoveyError:
    """The error that a reply with an error header carries."""
    try:
        reply = _error_decoder.decode(payload)
    except msgspec.DecodeError:
        reply = ErrorReply()
    return error_from_code(code, reply.detail, param=reply.param, retry_after_s=reply.retry_after_s)
