from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from covey.assembly.node import Node
from covey.errors import StartFailed
from covey.settings import load


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
