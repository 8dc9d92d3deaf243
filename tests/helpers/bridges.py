"""A running bridge on a free loopback port, with a scripted client worker behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from covey.bridge import Bridge, BridgeConfig
from covey.protocol.ids import InstanceId, NodeName
from covey.runtime.clock import SystemClock
from covey.runtime.lifecycle import LifecycleBudget
from tests.helpers.client_worker import KEY, DirectBus, ScriptedClientWorker

AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}


@dataclass
class RunningBridge:
    bridge: Bridge
    worker: ScriptedClientWorker
    bus: DirectBus
    registry: CollectorRegistry

    @property
    def port(self) -> int:
        return self.bridge.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def new_bridge(**settings: Any) -> RunningBridge:
    """Not started."""
    worker = ScriptedClientWorker()
    bus = DirectBus(worker)
    registry = CollectorRegistry()
    bridge = Bridge(
        msgspec.convert({"port": 0, **settings}, BridgeConfig),
        bus,
        SystemClock(),
        registry,
        instance=InstanceId("bridge-1"),
        node=NodeName("node-1"),
        budget=LifecycleBudget(drain_timeout_s=0.2),
    )
    return RunningBridge(bridge, worker, bus, registry)


@asynccontextmanager
async def running_bridge(**settings: Any) -> AsyncIterator[RunningBridge]:
    """Started, and stopped afterwards. ``settings`` are fields of BridgeConfig."""
    running = new_bridge(**settings)
    await running.bridge.start()
    try:
        yield running
    finally:
        await running.bridge.stop()
