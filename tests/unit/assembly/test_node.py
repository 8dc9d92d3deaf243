from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from pathlib import Path

import pytest

from covey.assembly.node import Node
from covey.errors import StartFailed
from covey.settings import load
from tests.helpers.ports import free_port


class Part:
    """A facility that stops when it is let."""

    def __init__(self, name: str, ended: list[str]) -> None:
        self.name = name
        self.may_stop = asyncio.Event()
        self.stopping = asyncio.Event()
        self._ended = ended

    async def start(self) -> None:
        return

    async def check(self) -> None:
        return

    async def stop(self) -> None:
        self.stopping.set()
        await self.may_stop.wait()
        self._ended.append(self.name)


async def test_a_stop_that_forces_keeps_the_order_of_the_one_under_way(tmp_path: Path) -> None:
    node = Node(load(environment={}, overrides={"node.data_dir": str(tmp_path)}), ("mesh",))
    ended: list[str] = []
    server, store = Part("server", ended), Part("store", ended)
    server.may_stop.set()
    for part in (server, store):
        await node._enter(part)
    gentle = asyncio.create_task(node.stop())
    await store.stopping.wait()
    forced = asyncio.create_task(node.stop(force=True))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not server.stopping.is_set()
    store.may_stop.set()
    await asyncio.gather(gentle, forced)
    assert ended == ["store", "server"]


async def test_a_data_directory_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(environment={}, overrides={"node.data_dir": str(tmp_path), "log.directory": ""})
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write nearly everywhere
    with pytest.raises(StartFailed, match=str(tmp_path)) as caught:
        await Node(settings, ("mesh",)).start()
    assert caught.value.param == "node.data_dir"


def subscriptions(monitor_port: int) -> dict[str, list[str]]:
    """What each connection of the nats-server listens to, by the connection's name."""
    with urllib.request.urlopen(f"http://127.0.0.1:{monitor_port}/connz?subs=1", timeout=5) as answer:
        return {each["name"]: each["subscriptions_list"] for each in json.load(answer)["connections"]}


@pytest.mark.sockets
async def test_answers_of_the_store_come_to_its_connection_alone(tmp_path: Path) -> None:
    monitor_port = free_port()
    overrides = {
        "node.data_dir": str(tmp_path), "node.name": "box", "log.directory": "", "mesh.server.port": 0,
        "mesh.server.monitor_port": monitor_port, "metrics.enabled": False,
    }  # fmt: skip
    node = Node(load(environment={}, overrides=overrides), ("mesh", "auth"))
    try:
        await node.start()
        heard = await asyncio.to_thread(subscriptions, monitor_port)
    finally:
        await node.stop()
    stores = [subject for subject in heard["covey auth on box, store"] if subject.startswith("_INBOX_")]
    mains = [subject for subject in heard["covey auth on box"] if subject.startswith("_INBOX_")]
    assert stores
    assert mains
    assert not [store for store in stores for main in mains if store.startswith(main.removesuffix(">"))]
