from __future__ import annotations

import asyncio
import socket
import time
import urllib.request

import pytest
from prometheus_client import Counter

from covey.errors import StartFailed
from covey.facilities import metrics
from covey.facilities.metrics import LoopLag, MetricsConfig, MetricsPage, MetricsPorts, new_registry
from covey.testing.eventually import eventually


def read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.sockets
async def test_a_page_shows_the_roles_counters_and_the_process() -> None:
    registry = new_registry()
    Counter("covey_things", "Things", registry=registry).inc(3)
    page = MetricsPage("gateway", MetricsConfig(ports=MetricsPorts(gateway=0)), registry)
    await page.start()
    try:
        text = await asyncio.to_thread(read, page.port)
    finally:
        await page.stop()
    assert "covey_things_total 3.0" in text
    assert "process_cpu_seconds_total" in text
    assert "process_resident_memory_bytes" in text


async def test_a_loop_that_was_held_up_says_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LAG_INTERVAL_S", 0.3)
    monkeypatch.setattr(metrics, "LAG_SAMPLES", 1)
    registries = [new_registry(), new_registry()]
    lag = LoopLag()
    for registry in registries:
        lag.show_in(registry)

    def shown() -> list[float | None]:
        return [registry.get_sample_value("covey_event_loop_lag_seconds") for registry in registries]

    await lag.start()
    try:
        assert shown() == [0.0, 0.0]
        await asyncio.sleep(0)  # its first timer is set
        held_until = time.monotonic() + 1.0  # the timer was due half a tick after its interval, at the latest
        while time.monotonic() < held_until:
            pass
        await eventually(lambda: all(0.5 < (value or 0.0) < 30.0 for value in shown()))
    finally:
        await lag.stop()
        await lag.stop()


@pytest.mark.sockets
async def test_a_port_in_use_fails_the_start_and_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        page = MetricsPage("auth", MetricsConfig(ports=MetricsPorts(auth=port)), new_registry())
        with pytest.raises(StartFailed, match=str(port)) as caught:
            await page.start()
        await page.stop()
    assert caught.value.param == "metrics.ports.auth"


async def test_disabled_pages_listen_nowhere() -> None:
    page = MetricsPage("client", MetricsConfig(enabled=False), new_registry())
    await page.start()
    assert page.port == 0
    await page.stop()
