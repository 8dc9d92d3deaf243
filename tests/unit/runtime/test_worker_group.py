from __future__ import annotations

import asyncio

import pytest

from covey.runtime.worker_group import WorkerGroup


class Member:
    def __init__(self, name: str, story: list[str], *, fails: bool = False, drains: bool = False) -> None:
        self.name = name
        self.stopping = asyncio.Event()
        self._done = asyncio.Event()
        self._story = story
        self._fails = fails
        if not drains:
            self._done.set()

    async def start(self) -> None:
        self._story.append(f"+{self.name}")
        if self._fails:
            raise ValueError(self.name)

    async def stop(self, *, force: bool = False) -> None:
        self._story.append(f"{'!' if force else '-'}{self.name}")
        self.stopping.set()
        if force:
            self._done.set()
        await self._done.wait()


async def test_members_start_in_order_and_stop_in_reverse() -> None:
    story: list[str] = []
    group = WorkerGroup([Member(name, story) for name in "abc"])
    await group.start()
    await group.stop()
    await group.stop()
    assert story == ["+a", "+b", "+c", "-c", "-b", "-a"]


async def test_member_that_fails_to_start_stops_those_before_it() -> None:
    story: list[str] = []
    group = WorkerGroup([Member("a", story), Member("b", story, fails=True), Member("c", story)])
    with pytest.raises(ValueError, match="b"):
        await group.start()
    assert story == ["+a", "+b", "-b", "-a"]


async def test_force_ends_a_stop_that_is_under_way() -> None:
    story: list[str] = []
    slow = Member("b", story, drains=True)
    group = WorkerGroup([Member("a", story), slow])
    await group.start()
    stopping = asyncio.create_task(group.stop())
    await slow.stopping.wait()
    await group.stop(force=True)
    await stopping
    assert story[:3] == ["+a", "+b", "-b"]
    assert {"!a", "!b"} <= set(story)


async def test_group_can_be_started_again() -> None:
    story: list[str] = []
    group = WorkerGroup([Member("a", story)])
    await group.start()
    await group.stop(force=True)
    await group.start()
    await group.stop()
    assert story[-2:] == ["+a", "-a"]
