from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from covey.protocol.operations import OPERATIONS, Operation
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, RunningBridge, new_bridge
from tests.helpers.client_worker import KEY, example_fields


@pytest.fixture
def running() -> RunningBridge:
    return new_bridge()


def asked_of(operation: Operation) -> tuple[Any, str]:
    """Body and query with the fields that the operation needs."""
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    fields = {name: value for name, value in example_fields(operation.endpoint.request).items() if name not in in_path}
    return (fields, "") if operation.method in ("POST", "PUT", "PATCH") else (b"", urlencode(fields))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_every_operation_is_reached_and_answered(running: RunningBridge, operation: Operation) -> None:
    path = "/covey/v1" + re.sub(r"\{\w+\}", "x", operation.path)
    body, query = asked_of(operation)
    answer = await ask(running.bridge.application, operation.method, path, AUTHORIZATION, body, query=query)
    assert answer.status == operation.status
    assert answer.headers["content-type"] == "application/json"
    ((name, credential, asked),) = running.worker.operations
    assert (name, credential) == (operation.name, KEY)
    assert isinstance(asked, operation.endpoint.request)
    for parameter in re.findall(r"\{(\w+)\}", operation.path):
        assert getattr(asked, parameter) == "x"
    msgspec.convert(answer.json, operation.endpoint.response)


@pytest.mark.parametrize(
    "operation", [found for found in OPERATIONS if found.access != "anonymous"], ids=lambda found: found.name
)
async def test_without_a_credential_nothing_is_done(running: RunningBridge, operation: Operation) -> None:
    path = "/covey/v1" + re.sub(r"\{\w+\}", "x", operation.path)
    body, query = asked_of(operation)
    answer = await ask(running.bridge.application, operation.method, path, {}, body, query=query)
    assert answer.status == 401
    assert running.worker.operations == []


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("POST", "/covey/v1/auth/register", {"username": "a", "password": "b", "role": "admin"}, "role"),
        ("POST", "/covey/v1/keys", {"name": "a", "scope": ["admin"]}, "scope"),
        ("PATCH", "/covey/v1/users/usr_1", {"user_id": "usr_2", "role": "admin"}, "user_id"),
        ("PATCH", "/covey/v1/conversations/c", {"titel": "x"}, "titel"),
        ("PUT", "/covey/v1/models/m/settings", {"sampling": {"temperture": 0.2}}, "sampling/temperture"),
        ("POST", "/covey/v1/auth/logout", {"is_admin": True}, "is_admin"),
    ],
)
async def test_b5_fields_that_do_not_exist_are_refused_by_name(
    running: RunningBridge, method: str, path: str, body: Any, param: str
) -> None:
    answer = await ask(running.bridge.application, method, path, AUTHORIZATION, body)
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == f"/{param}"
    assert running.worker.operations == []


async def test_the_nearest_field_is_named(running: RunningBridge) -> None:
    answer = await ask(running.bridge.application, "PATCH", "/covey/v1/conversations/c", AUTHORIZATION, {"titel": "x"})
    assert "did you mean title?" in answer.json["detail"]


async def test_the_query_is_typed_and_checked(running: RunningBridge) -> None:
    app = running.bridge.application
    answer = await ask(app, "GET", "/covey/v1/audit", AUTHORIZATION, query="limit=7&action=keys.create")
    assert answer.status == 200
    assert (running.worker.operations[0][2].limit, running.worker.operations[0][2].action) == (7, "keys.create")
    for query, status in (("limit=x", 400), ("limit=1&limit=2", 400), ("limt=1", 422), ("a=%ff", 400), ("limit", 400)):
        answer = await ask(app, "GET", "/covey/v1/audit", AUTHORIZATION, query=query)
        assert answer.status == status, query
    assert len(running.worker.operations) == 1


async def test_a_body_may_not_come_in_the_query(running: RunningBridge) -> None:
    body = {"username": "a", "password": "b"}
    answer = await ask(running.bridge.application, "POST", "/covey/v1/auth/login", {}, body, query="password=b")
    assert answer.status == 422
    assert running.worker.operations == []


async def test_model_names_with_slashes_are_one_name(running: RunningBridge) -> None:
    answer = await ask(running.bridge.application, "DELETE", "/covey/v1/models/org/tiny:latest", AUTHORIZATION)
    assert answer.status == 200
    assert running.worker.operations[0][2].model == "org/tiny:latest"
