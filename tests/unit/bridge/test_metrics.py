from __future__ import annotations

from prometheus_client import CollectorRegistry

from covey.bridge.metrics import BridgeMetrics


def test_requests_connections_and_refusals_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = BridgeMetrics(registry)
    for _ in range(2):
        metrics.request("/a", "GET", 200, "ok", 0.002)
    metrics.refused("http_400")
    metrics.slow_client()
    metrics.first_byte("/a", 0.1)
    metrics.socket_request("start", "ok")
    metrics.observe_with(in_flight=lambda: 3, streams=lambda: 2, connections=lambda: 5, sockets=lambda: 1)
    sample = registry.get_sample_value
    labels = {"route": "/a", "method": "GET", "status": "200", "outcome": "ok"}
    assert sample("covey_bridge_requests_total", labels) == 2
    assert sample("covey_bridge_request_duration_seconds_count", {"route": "/a"}) == 2
    assert sample("covey_bridge_connections_refused_total", {"reason": "http_400"}) == 1
    assert sample("covey_bridge_slow_clients_total") == 1
    assert sample("covey_bridge_requests_in_flight") == 3
    assert sample("covey_bridge_connections") == 5
