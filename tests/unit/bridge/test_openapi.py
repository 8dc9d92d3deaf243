from __future__ import annotations

import re
from typing import Any

import pytest

from covey.bridge.openapi import describe, error_table
from covey.errors import ERRORS_BY_CODE
from covey.protocol.operations import OPERATIONS_BY_NAME
from tests.helpers.asgi import ask
from tests.helpers.bridges import RunningBridge, new_bridge

BRIDGE = new_bridge()
DOCUMENT = describe(BRIDGE.bridge.routes)
PATHS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]


@pytest.fixture
def running() -> RunningBridge:
    return new_bridge()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


def test_every_route_is_described_but_health_by_head_and_web_pages() -> None:
    missing = {
        (route.method, route.template)
        for route in BRIDGE.bridge.routes
        if (route.method, route.template.replace(":path", "")) not in PATHS
    }
    assert {template for method, template in missing if method != "HEAD"} == {"/", "/{path:path}"}


@pytest.mark.parametrize(("method", "path"), PATHS, ids=lambda part: str(part))
async def test_every_path_that_is_described_answers(running: RunningBridge, method: str, path: str) -> None:
    answer = await ask(running.bridge.application, method, re.sub(r"\{\w+\}", "x", path))
    assert answer.status not in (404, 405)


def test_every_operation_has_its_access_and_its_status() -> None:
    described = {
        operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
    }
    assert len(described) == len(PATHS)
    for name, operation in OPERATIONS_BY_NAME.items():
        assert described[name]["x-covey-access"] == operation.access
        assert str(operation.status) in described[name]["responses"]
        assert ("security" in described[name]) is (operation.access != "anonymous")


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) <= known


def test_what_is_in_the_path_is_not_in_the_body() -> None:
    schema = DOCUMENT["paths"]["/covey/v1/users/{user_id}"]["patch"]["requestBody"]["content"]["application/json"]
    assert "user_id" not in schema["schema"]["properties"]
    assert "role" in schema["schema"]["properties"]


def test_every_error_is_in_the_table() -> None:
    assert {row[0] for row in error_table()} == set(ERRORS_BY_CODE)
