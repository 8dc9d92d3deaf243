"""Turns the body of an operation into its typed request."""

from __future__ import annotations

import msgspec

from covey.errors import InvalidRequest, UnknownField
from covey.protocol.operations import OPERATIONS, Operation

_DECODERS = {operation.name: msgspec.msgpack.Decoder(operation.endpoint.request) for operation in OPERATIONS}


def decode_request(operation: Operation, body: bytes) -> msgspec.Struct:
    """The request of the operation's endpoint. Raises InvalidRequest or UnknownField, naming the field."""
    try:
        request: msgspec.Struct = _DECODERS[operation.name].decode(body)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `")
        field = where.rstrip("`").removeprefix("$").removeprefix(".")
        if text.startswith("Object contains unknown field"):
            name = text.split("`")[1][:64]
            raise UnknownField(f"there is no field {name}", param=name) from error
        raise InvalidRequest(f"{field or 'the request'}: {text[:1].lower()}{text[1:]}", param=field or None) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the request is not valid msgpack") from error
    return request
