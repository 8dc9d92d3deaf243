"""The platform API: one route for each operation of the catalogue, under ``/covey/v1``."""

from __future__ import annotations

import difflib
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from covey.bridge import json_body
from covey.bridge.calls import Calls
from covey.bridge.credentials import find_credential
from covey.bridge.csv_tables import TABLES
from covey.bridge.errors import invalid_json
from covey.bridge.exchange import Exchange, UnsupportedMediaType
from covey.bridge.json_objects import encode_complete
from covey.bridge.router import Described, Route
from covey.bridge.routes.platform_csv import FORMAT_PARAMETER, chosen_table, respond_csv
from covey.errors import InvalidRequest, UnknownField
from covey.protocol.operations import OPERATIONS, Operation

PREFIX = "/covey/v1"
MAX_BODY_BYTES = 8_388_608
"""Conversations are imported through this API, and pictures brought; what generates may be larger."""
_FIELDS = msgspec.json.Decoder(dict[str, Any])


def platform_routes(calls: Calls) -> list[Route]:
    return [OperationRoute(operation, calls).route() for operation in OPERATIONS]


class OperationRoute:
    """Turns path, query and body into the request of the operation's endpoint, and its response into JSON."""

    def __init__(self, operation: Operation, calls: Calls) -> None:
        self._operation = operation
        self._calls = calls
        self._request = operation.endpoint.request
        self._path_names = tuple(
            part[1:-1] for part in operation.path.split("/") if part.startswith("{") and part.endswith("}")
        )
        self._fields = {
            field.encode_name: field
            for field in msgspec.structs.fields(self._request)
            if field.encode_name not in self._path_names
        }
        self._inner_fields = {
            name: [inner.encode_name for inner in msgspec.structs.fields(field.type)]
            for name, field in self._fields.items()
            if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        }
        self._in_query = operation.method in ("GET", "DELETE")
        self._table = TABLES.get(operation.name)

    def route(self) -> Route:
        operation = self._operation
        # The name of a model may hold slashes; every other path parameter is an id.
        template = PREFIX + operation.path.replace("{model}", "{model:path}")
        described = Described(
            operation.name,
            operation.summary,
            operation.name.partition(".")[0],
            request=None if self._in_query or not self._fields else self._request,
            response=operation.endpoint.response,
            status=operation.status,
            query=self._request if self._in_query and self._fields else None,
            anonymous=operation.access == "anonymous",
            access=operation.access,
            path_names=self._path_names,
            content_types=("application/json",) if self._table is None else ("application/json", "text/csv"),
            parameters=() if self._table is None else (FORMAT_PARAMETER,),
        )
        return Route(operation.method, template, self.handle, described)

    async def handle(self, exchange: Exchange) -> None:
        credential = find_credential(exchange)
        values = self._from_query(exchange) if self._in_query else await self._from_body(exchange)
        table = None if self._table is None else chosen_table(self._table, exchange, values)
        self._refuse_unknown(values)
        values.update({name: exchange.path_parameters[name] for name in self._path_names})
        request = convert(values, self._request, strict=not self._in_query)
        if table is not None:

            async def read(following: Any) -> Any:
                return await self._calls.operate(self._operation.name, exchange, credential, following)

            await respond_csv(table, exchange, read, request, whole="limit" not in values)
            return
        response = await self._calls.operate(self._operation.name, exchange, credential, request)
        await exchange.respond(self._operation.status, encode_complete(response))

    def _from_query(self, exchange: Exchange) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in query_pairs(exchange):
            if name in values:
                raise InvalidRequest(f"{name[:64]} was given more than once", param=name[:64])
            values[name] = value
        return values

    async def _from_body(self, exchange: Exchange) -> dict[str, Any]:
        if exchange.scope["query_string"]:
            raise UnknownField("this request takes its fields in the body, not in the query")
        return await read_object(exchange)

    def _refuse_unknown(self, values: dict[str, Any]) -> None:
        for name in values:
            if name not in self._fields:
                raise unknown_field(name, self._fields)
        for name, known in self._inner_fields.items():
            inner = values.get(name)
            for inner_name in inner if isinstance(inner, dict) else ():
                if inner_name not in known:
                    raise unknown_field(inner_name, known, within=name)


def unknown_field(name: str, known: Any, *, within: str | None = None) -> UnknownField:
    """An error that names the field, and the nearest one that exists."""
    shown = name[:64]
    found = difflib.get_close_matches(shown, list(known), n=1, cutoff=0.6)
    hint = f"; did you mean {found[0]}?" if found else ""
    return UnknownField(f"there is no field {shown}{hint}", param=shown if within is None else f"{within}.{shown}")


def query_pairs(exchange: Exchange) -> list[tuple[str, str]]:
    """The decoded query. Raises InvalidRequest when it is malformed."""
    raw: bytes = exchange.scope["query_string"]
    if not raw:
        return []
    try:
        return parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=50
        )
    except ValueError as error:
        raise InvalidRequest("the query is malformed") from error


async def read_object(exchange: Exchange, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The body, a JSON object; nothing at all counts as an empty one."""
    exchange.max_body_bytes = min(exchange.max_body_bytes, max_bytes)
    body = await exchange.body()
    if not body:
        return {}
    # Pages of other sites can send form and text bodies without asking; JSON they cannot.
    content_type = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type != b"application/json":
        raise UnsupportedMediaType("send the body as application/json", param="content-type")
    found: dict[str, Any] = json_body.decode(_FIELDS, body)
    return found


def convert(values: dict[str, Any], request: type[msgspec.Struct], *, strict: bool) -> Any:
    """Raises InvalidRequest or UnknownField, naming the field."""
    try:
        return msgspec.convert(values, request, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid_json(error) from error
