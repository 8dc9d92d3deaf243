"""Which handler answers which path: a table of routes, looked up on the decoded path alone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from covey.bridge.errors import MethodNotAllowed, RenderError, Unserved, render_problem
from covey.bridge.exchange import Exchange

Handler = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Described:
    """What the OpenAPI page says about a route. Schemas are types that msgspec knows, or ready-made JSON Schema."""

    operation_id: str
    summary: str
    tag: str
    request: Any = None
    response: Any = None
    status: int = 200
    query: Any = None
    """A Struct whose fields are the query parameters."""
    anonymous: bool = False
    access: str = ""
    content_types: tuple[str, ...] = ("application/json",)
    path_names: tuple[str, ...] = field(default=())
    """Fields of ``request`` that are in the path and not in the body."""
    parameters: tuple[dict[str, Any], ...] = field(default=())
    """Further parameters, as OpenAPI has them."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    """``/a/{b}``; ``{b:path}`` takes slashes too and must come last."""
    handler: Handler
    described: Described | None = None
    render_error: RenderError = render_problem
    cancellable: bool = False
    """Whether a client that leaves cancels the work. Changes of state are carried to their end instead."""
    last_resort: bool = False
    """Looked at only for paths that no other route has and that belong to no dialect."""
    any_host: bool = False
    """Answered whatever the Host header says; for health checks, which reveal nothing."""


class Router:
    """Exact paths by dictionary, templates in the order given."""

    def __init__(self, routes: Iterable[Route], fallbacks: Mapping[str, RenderError]) -> None:
        self.routes = tuple(routes)
        self._fallbacks = sorted(fallbacks.items(), key=lambda item: -len(item[0]))
        self._exact: dict[str, dict[str, Route]] = {}
        self._templates: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        self._last_resorts: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        compiled: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            by_method = compiled.get(route.template)
            if by_method is None:
                by_method = compiled[route.template] = {}
                if route.last_resort:
                    self._last_resorts.append((_pattern(route.template), by_method))
                elif "{" in route.template:
                    self._templates.append((_pattern(route.template), by_method))
                else:
                    self._exact[route.template] = by_method
            if route.method in by_method:
                raise ValueError(f"{route.method} {route.template} is routed twice")
            by_method[route.method] = route

    def find(self, exchange: Exchange) -> Route:
        """Raises Unserved or MethodNotAllowed. Sets the exchange's path parameters."""
        by_method = self._exact.get(exchange.path)
        methods: set[str] = set()
        if by_method is not None:
            exact = by_method.get(exchange.method)
            if exact is not None:
                return exact
            methods.update(by_method)
        route = self._match(self._templates, exchange, methods)
        if route is None and not methods and not self._owned(exchange.path):
            route = self._match(self._last_resorts, exchange, methods)
        if route is not None:
            return route
        if methods:
            raise MethodNotAllowed(tuple(sorted(methods)))
        raise Unserved("nothing is served at this path")

    def _match(
        self, templates: list[tuple[re.Pattern[str], dict[str, Route]]], exchange: Exchange, methods: set[str]
    ) -> Route | None:
        """The first route of the method; adds the methods of those whose path alone fits."""
        for pattern, candidates in templates:
            match = pattern.fullmatch(exchange.path)
            if match is None:
                continue
            route = candidates.get(exchange.method)
            if route is not None:
                exchange.path_parameters = match.groupdict()
                return route
            methods.update(candidates)
        return None

    def _owned(self, path: str) -> bool:
        return any(path == prefix or path.startswith(prefix + "/") for prefix, _ in self._fallbacks)

    def render_error_for(self, path: str) -> RenderError:
        """The error shape of the dialect that owns this part of the paths."""
        for prefix, render in self._fallbacks:
            if path == prefix or path.startswith(prefix + "/"):
                return render
        return render_problem


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(:path)?\}", template)
    text = re.escape(parts[0])
    for name, wide, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{name}>.+)" if wide else f"(?P<{name}>[^/]+)"
        text += re.escape(literal)
    return re.compile(text, re.DOTALL)
