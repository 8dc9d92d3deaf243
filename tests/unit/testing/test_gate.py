from __future__ import annotations

import asyncio

import pytest

from covey.testing.gate import Gate


async def test_a_task_waits_at_the_gate_until_it_is_opened() -> None:
    gate = Gate()
    task = asyncio.create_task(gate.enter())
    await gate.entered()
    assert (gate.entries, gate.left, task.done()) == (1, 0, False)
    gate.open()
    await task
    assert gate.left == 1


async def test_an_open_gate_stops_nobody() -> None:
    gate = Gate()
    gate.open()
    await gate.enter()
    assert gate.entries == 1


async def test_waiting_for_nobody_ends() -> None:
    with pytest.raises(TimeoutError):
        await Gate().entered(timeout_s=0.01)
