"""The OpenAPI 3.1 description, made from the routes that are served and the types that are decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from covey import __version__
from covey.bridge.errors import PROBLEM_JSON, Problem
from covey.bridge.router import Described, Route
from covey.errors import ERRORS_BY_CODE

_REFERENCE = "#/components/schemas/{name}"


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The document. Routes without a description are left out."""
    described = [(route, route.described) for route in routes if route.described is not None]
    types = _types([described for _, described in described])
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route, description in described:
        path = re.sub(r":path\}", "}", route.template)
        paths.setdefault(path, {})[route.method.lower()] = _operation(path, description, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Covey",
            "version": __version__,
            "description": "One machine, or many, as one AI inference service.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _types(descriptions: Sequence[Described]) -> list[Any]:
    found: list[Any] = [Problem]
    for description in descriptions:
        for kind in (description.request, description.response):
            if kind is not None and kind not in found:
                found.append(kind)
        for field in _query_fields(description):
            if field.type not in found:
                found.append(field.type)
    return found


def _query_fields(description: Described) -> Sequence[msgspec.structs.FieldInfo]:
    if description.query is None:
        return ()
    return [
        field for field in msgspec.structs.fields(description.query) if field.encode_name not in description.path_names
    ]


def _operation(path: str, description: Described, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": description.operation_id,
        "summary": description.summary,
        "tags": [description.tag],
        "responses": {
            str(description.status): _answer(description, by_type),
            "default": {
                "description": "An error",
                "content": {PROBLEM_JSON.decode(): {"schema": by_type[Problem]}},
            },
        },
    }
    if description.access:
        operation["x-covey-access"] = description.access
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    parameters += [
        {"name": field.encode_name, "in": "query", "required": field.required, "schema": by_type[field.type]}
        for field in _query_fields(description)
    ]
    parameters += description.parameters
    if parameters:
        operation["parameters"] = parameters
    if description.request is not None:
        schema = _body_schema(description, by_type)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if not description.anonymous:
        operation["security"] = [{"bearer": []}, {"apiKey": []}]
    return operation


def _body_schema(description: Described, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if not description.path_names:
        return by_type[description.request]
    # What is in the path is not in the body, where it would be refused.
    (schema,), components = msgspec.json.schema_components([description.request], ref_template=_REFERENCE)
    inner = dict(components[schema["$ref"].rpartition("/")[2]])
    inner["properties"] = {
        name: found for name, found in inner["properties"].items() if name not in description.path_names
    }
    inner["required"] = [name for name in inner.get("required", ()) if name not in description.path_names]
    inner.pop("title", None)
    return inner


def _answer(description: Described, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": description.summary}
    if description.response is not None:
        answer["content"] = {
            kind: {"schema": {"type": "string"} if kind == "text/csv" else by_type[description.response]}
            for kind in description.content_types
        }
    return answer


def error_table() -> list[tuple[str, int, str, bool]]:
    """Code, HTTP status, meaning and whether trying again can help, for every error that may be answered."""
    return [
        (code, error.http_status, (error.__doc__ or "").strip().partition("\n")[0], error.retryable)
        for code, error in sorted(ERRORS_BY_CODE.items())
    ]
