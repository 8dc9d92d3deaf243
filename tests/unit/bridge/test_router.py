from __future__ import annotations

import pytest

from covey.bridge.dialects.openai.errors import render_openai_error
from covey.bridge.errors import MethodNotAllowed, Unserved, render_problem
from covey.bridge.exchange import Exchange
from covey.bridge.router import Route, Router
from tests.helpers.asgi import Sent, exchange_for, http_scope


async def nothing(exchange: Exchange) -> None:
    """No answer."""


ROUTES = [
    Route("GET", "/a", nothing),
    Route("POST", "/a/pull", nothing),
    Route("GET", "/a/{id}", nothing),
    Route("DELETE", "/a/{id}", nothing),
    Route("GET", "/b/{name:path}", nothing),
    Route("GET", "/a/{id}/events", nothing),
]
ROUTER = Router(ROUTES, {"/a": render_openai_error, "/covey": render_problem})


def find(method: str, path: str) -> tuple[str, dict[str, str]]:
    exchange = exchange_for(Sent(), http_scope(method, path))
    return ROUTER.find(exchange).template, exchange.path_parameters


def test_exact_paths_templates_and_wide_templates() -> None:
    assert find("GET", "/a") == ("/a", {})
    assert find("GET", "/a/1") == ("/a/{id}", {"id": "1"})
    assert find("GET", "/a/1/events") == ("/a/{id}/events", {"id": "1"})
    assert find("GET", "/b/x/y:z") == ("/b/{name:path}", {"name": "x/y:z"})


def test_a_name_that_is_also_a_verb_is_still_a_name() -> None:
    assert find("GET", "/a/pull") == ("/a/{id}", {"id": "pull"})
    assert find("POST", "/a/pull") == ("/a/pull", {})


def test_other_methods_are_told_which_ones_there_are() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        find("PUT", "/a/pull")
    assert refused.value.methods == ("DELETE", "GET", "POST")


@pytest.mark.parametrize("path", ["/", "/c", "/a/", "/a/1/2", "/b/", "/A"])
def test_other_paths_are_unserved(path: str) -> None:
    with pytest.raises(Unserved):
        find("GET", path)


def test_a_route_cannot_be_given_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        Router([*ROUTES, ROUTES[0]], {})


def test_errors_have_the_shape_of_the_dialect_that_owns_the_path() -> None:
    assert ROUTER.render_error_for("/a/x") is render_openai_error
    assert ROUTER.render_error_for("/ab") is render_problem
