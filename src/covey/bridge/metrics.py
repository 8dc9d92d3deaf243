"""What the bridge counts."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from covey.runtime.counters import Count, CounterFamily, Distribution, HistogramFamily

_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class BridgeMetrics:
    """Labels are route templates, statuses and outcomes: bounded by the code, never by what clients send."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = CounterFamily(
            "covey_bridge_requests_total",
            "Requests answered, by route template, status and outcome",
            ["route", "method", "status", "outcome"],
            registry=registry,
        )
        self._durations = HistogramFamily(
            "covey_bridge_request_duration_seconds",
            "From the end of the headers to the end of the answer",
            ["route"],
            bounds=_DURATIONS_S,
            registry=registry,
        )
        self._first_bytes = HistogramFamily(
            "covey_bridge_stream_first_byte_seconds",
            "From the end of the headers to the beginning of a streamed answer",
            ["route"],
            bounds=_DURATIONS_S,
            registry=registry,
        )
        self._in_flight = Gauge("covey_bridge_requests_in_flight", "Requests being answered", registry=registry)
        self._streams = Gauge("covey_bridge_streams", "Streamed answers under way", registry=registry)
        self._connections = Gauge("covey_bridge_connections", "Open connections", registry=registry)
        self._sockets = Gauge("covey_bridge_websockets", "Open WebSockets", registry=registry)
        self._socket_requests = Counter(
            "covey_bridge_websocket_requests_total",
            "Requests made on WebSockets, by kind and outcome",
            ["kind", "outcome"],
            registry=registry,
        )
        self._slow_clients = Counter(
            "covey_bridge_slow_clients_total", "Connections ended because answers were not read", registry=registry
        )
        self._refused = Counter(
            "covey_bridge_connections_refused_total",
            "Connections ended before there was a request, by reason",
            ["reason"],
            registry=registry,
        )
        self._request_children: dict[tuple[str, str, int, str], tuple[Count, Distribution]] = {}

    def observe_with(
        self,
        *,
        in_flight: Callable[[], int],
        streams: Callable[[], int],
        connections: Callable[[], int],
        sockets: Callable[[], int],
    ) -> None:
        """Where the gauges read their values when the page is asked for."""
        self._in_flight.set_function(in_flight)
        self._streams.set_function(streams)
        self._connections.set_function(connections)
        self._sockets.set_function(sockets)

    def request(self, route: str, method: str, status: int, outcome: str, duration_s: float) -> None:
        key = (route, method, status, outcome)
        children = self._request_children.get(key)
        if children is None:
            children = self._request_children[key] = (
                self._requests.labels(route, method, str(status), outcome),
                self._durations.labels(route),
            )
        children[0].value += 1
        children[1].observe(duration_s)

    def first_byte(self, route: str, duration_s: float) -> None:
        self._first_bytes.labels(route).observe(duration_s)

    def socket_request(self, kind: str, outcome: str) -> None:
        self._socket_requests.labels(kind, outcome).inc()

    def slow_client(self) -> None:
        self._slow_clients.inc()

    def refused(self, reason: str) -> None:
        self._refused.labels(reason).inc()
