"""Health checks: without credential, without versions, whatever the Host header says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from covey.bridge.exchange import Exchange
from covey.bridge.router import Described, Route
from covey.errors import CoveyError

Check = Callable[[], Awaitable[None]]


class HealthState(msgspec.Struct, frozen=True):
    status: str
    """``ok``, or the code of the error that says why not."""


def health_routes(check: Check) -> list[Route]:
    """``check`` returns when requests can be served and raises a named error otherwise."""

    async def live(exchange: Exchange) -> None:
        await exchange.respond(200, b'{"status":"ok"}')

    async def ready(exchange: Exchange) -> None:
        try:
            await check()
        except CoveyError as error:
            await exchange.respond(503, msgspec.json.encode(HealthState(error.code)))
        else:
            await exchange.respond(200, b'{"status":"ok"}')

    routes = []
    for path, handler, summary in (
        ("/livez", live, "Whether the process answers at all"),
        ("/readyz", ready, "Whether requests can be served; the first thing to fail when draining"),
        ("/healthz", ready, "The same as /readyz"),
    ):
        described = Described(
            "health." + path[1:], summary, "health", response=HealthState, anonymous=True, access="anonymous"
        )
        routes.append(Route("GET", path, handler, described, any_host=True))
        routes.append(Route("HEAD", path, handler, any_host=True))
    return routes
