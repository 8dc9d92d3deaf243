"""The bridge as an ASGI application: from a request to its handler, and from whatever happens to an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import structlog

from covey.bridge.addressing import HostRule, OriginRule, ProxyRule, check_path
from covey.bridge.config import BridgeConfig
from covey.bridge.errors import RenderError, named_error, retry_headers
from covey.bridge.exchange import ClientLeft, Exchange, ReceiveMessage, Scope, SendMessage
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.router import Route, Router
from covey.errors import CoveyError, Draining, PayloadTooLarge
from covey.protocol.ids import RequestId
from covey.runtime.current_task import current_task
from covey.runtime.identifiers import mint

logger = structlog.get_logger(__name__)

SocketHandler = Callable[[Scope, ReceiveMessage, SendMessage, RequestId], Awaitable[None]]
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_PREFLIGHT_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_PREFLIGHT_HEADERS = (
    b"authorization, content-type, idempotency-key, last-event-id, x-api-key, x-request-id, traceparent"
)
_EXPOSED_HEADERS = b"x-request-id, x-covey-node, x-covey-queue-ms, x-covey-ignored, retry-after"


class BridgeApplication:
    """Checks what is the same for all requests, finds the handler, and turns every exception into one answer."""

    def __init__(
        self, config: BridgeConfig, router: Router, metrics: BridgeMetrics, socket_handler: SocketHandler
    ) -> None:
        self.router = router
        self._config = config
        self._metrics = metrics
        self._socket_handler = socket_handler
        self._hosts = HostRule(config.allowed_hosts)
        self._origins = OriginRule(config.allowed_origins)
        self._proxies = ProxyRule(config.trusted_proxies)
        self._log_all = config.access_log == "all"
        self._log_errors = config.access_log != "none"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[Exchange] = set()

    @property
    def in_flight(self) -> int:
        return len(self._running)

    def __call__(self, scope: Scope, receive: ReceiveMessage, send: SendMessage) -> Awaitable[None]:
        if scope["type"] == "http":
            return self._serve(scope, receive, send)
        request_id = accept_request_id(dict(scope["headers"]).get(b"x-request-id"))
        return self._socket_handler(scope, receive, send, request_id)

    def abort_all(self, error: CoveyError) -> None:
        """End every exchange that is still running with ``error``."""
        for exchange in list(self._running):
            exchange.abort(error)

    async def _serve(self, scope: Scope, receive: ReceiveMessage, send: SendMessage) -> None:
        exchange = Exchange.of(scope, receive, send, RequestId(""), self._config.max_body_bytes)
        exchange.request_id = accept_request_id(exchange.headers.get(b"x-request-id"))
        connection = scope.get("covey.connection")
        self._running.add(exchange)
        route: Route | None = None
        try:
            route = self._route(exchange)
            if route is None:
                await exchange.respond(204)
                return
            exchange.template = route.template
            if route.cancellable:
                # Asking for the loop costs a system call each time; this application runs in one only.
                if self._loop is None:
                    self._loop = asyncio.get_running_loop()
                task = current_task(self._loop)
                assert task is not None
                exchange.attach(task)
                if connection is not None:
                    connection.on_lost = exchange.on_lost
            await route.handler(exchange)
        except asyncio.CancelledError:
            if exchange.abort_error is None:
                # The server was stopped without waiting: say so to the client, then end as asked.
                await self._fail(exchange, route, Draining("the service is stopping"))
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()  # it was this exchange's own doing, and ends here
            await self._fail(exchange, route, exchange.abort_error)
        except Exception as error:  # the edge: reported in the log by _fail, answered without its text
            await self._fail(exchange, route, error)
        finally:
            exchange.detach()
            if connection is not None:
                connection.on_lost = None
            self._running.discard(exchange)
            self._account(exchange, route)

    def _route(self, exchange: Exchange) -> Route | None:
        """The route; None when the request was a CORS preflight that is granted."""
        scope = exchange.scope
        exchange.address = self._proxies.client_address(scope, exchange.headers.get(b"x-forwarded-for"))
        traceparent = exchange.headers.get(b"traceparent")
        if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
            exchange.traceparent = traceparent.decode("ascii")
        exchange.check_headers()
        check_path(exchange.path, scope.get("raw_path") or exchange.path.encode())
        origin = exchange.headers.get(b"origin")
        if origin is not None and self._allow_origin(exchange, origin):
            return None
        try:
            route = self.router.find(exchange)
        except CoveyError:
            self._hosts.check(scope)
            raise
        if not route.any_host:
            self._hosts.check(scope)
        return route

    def _allow_origin(self, exchange: Exchange, origin: bytes) -> bool:
        """Adds the CORS headers for a configured origin. True when nothing else is left to do."""
        exchange.response_headers.append((b"vary", b"origin"))
        if not self._origins.configured(origin.decode("latin-1")):
            return False
        self._hosts.check(exchange.scope)
        exchange.response_headers += [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED_HEADERS),
        ]
        if exchange.method != "OPTIONS" or b"access-control-request-method" not in exchange.headers:
            return False
        exchange.response_headers += [
            (b"access-control-allow-methods", _PREFLIGHT_METHODS),
            (b"access-control-allow-headers", _PREFLIGHT_HEADERS),
            (b"access-control-max-age", b"600"),
        ]
        return True

    async def _fail(self, exchange: Exchange, route: Route | None, error: Exception) -> None:
        named = named_error(error)
        if type(named) is CoveyError and named is not error:
            logger.error(
                "request_failed_unexpectedly",
                request_id=exchange.request_id,
                route=exchange.template,
                exc_info=error,
            )
        if exchange.lost or isinstance(named, ClientLeft):
            exchange.outcome = exchange.outcome if exchange.outcome != "ok" else "client_left"
            return
        exchange.outcome = named.code
        if exchange.ended:
            return
        if exchange.begun:
            frames = exchange.failure_frames
            await exchange.end(frames(named) if frames is not None else b"")
            return
        render: RenderError = route.render_error if route else self.router.render_error_for(exchange.path)
        status, body, content_type = render(named, exchange)
        headers = retry_headers(named)
        if isinstance(named, PayloadTooLarge):
            await exchange.respond_early(status, body, content_type, headers)
        else:
            await exchange.respond(status, body, content_type, headers)

    def _account(self, exchange: Exchange, route: Route | None) -> None:
        duration_ms = exchange.elapsed_ms()
        status = exchange.status or 499
        # Methods are the client's text unless a route has them.
        method = route.method if route is not None else "-"
        self._metrics.request(exchange.template, method, status, exchange.outcome, duration_ms / 1000.0)
        failed = exchange.outcome != "ok" or status >= 400
        if self._log_all or (failed and self._log_errors):
            logger.info(
                "request",
                request_id=exchange.request_id,
                method=method,
                route=exchange.template,
                status=status,
                outcome=exchange.outcome,
                duration_ms=round(duration_ms, 2),
                bytes_sent=exchange.bytes_sent,
                address=exchange.address,
            )


def accept_request_id(given: bytes | None) -> RequestId:
    """The client's own id when it is well-formed, a new one otherwise."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return RequestId(given.decode("ascii"))
    return RequestId(mint("req"))
