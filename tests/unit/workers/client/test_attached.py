from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from covey.protocol.inference import CLIENT_START, GenerationInfo
from covey.protocol.operations import AUTHORIZE
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as made:
        await made.processor()
        yield made


@asynccontextmanager
async def answering(chain: Chain, *tokens: str, **fields: Any) -> AsyncIterator[Gate]:
    """Attached generations of these credentials, all held at the engine."""
    gate = chain.processors[0].gate = Gate()
    readers = [asyncio.create_task(chain.answer(token, **fields)) for token in tokens]
    for _ in tokens:
        await gate.entered()
    try:
        yield gate
    finally:
        gate.open()
        await asyncio.gather(*readers)


async def listed(chain: Chain, token: str) -> tuple[GenerationInfo, ...]:
    found: tuple[GenerationInfo, ...] = (await chain.operate("generations.list", token)).items
    return found


async def test_an_attached_generation_is_listed_while_it_runs(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    async with answering(chain, token):
        (info,) = await listed(chain, token)
        assert (info.state, info.attached, info.model, info.events) == ("running", True, "sample", 0)
        assert info.time_line.received > 0
        assert info.time_line.ended is None
        assert info.id.startswith("req_")
    assert await listed(chain, token) == ()


async def test_what_runs_with_any_credential_of_the_user_is_theirs_and_nobody_elses(chain: Chain) -> None:
    ada, bob = await chain.records.user("ada"), await chain.records.user("bob")
    session, key = chain.records.token(ada), await chain.records.key(ada)
    theirs = chain.records.token(bob)
    async with answering(chain, session, key, theirs):
        assert len(await listed(chain, session)) == 2
        assert len(await listed(chain, theirs)) == 1


async def test_a_credential_is_asked_about_once(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await chain.records.user("ada")
    asker, keys = chain.records.token(ada), [await chain.records.key(ada) for _ in range(3)]
    asked: list[str] = []
    call = chain.bus.call

    def counting(endpoint: Any, request: Any, *others: Any, **options: Any) -> Any:
        if endpoint is AUTHORIZE and request.operation == "inference":
            asked.append(request.credential)
        return call(endpoint, request, *others, **options)

    async with answering(chain, *keys):
        monkeypatch.setattr(chain.bus, "call", counting)
        for _ in range(4):
            assert len(await listed(chain, asker)) == 3
        monkeypatch.undo()
    assert sorted(asked) == sorted(keys)


async def test_kept_and_attached_ones_are_listed_together_newest_first(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    async with answering(chain, token):
        detached = await chain.bus.call(CLIENT_START, chat(token, detached=True), chain.context())
        found = await listed(chain, token)
        assert [info.attached for info in found] == [False, True]
        assert found[0].id == detached.generation_id
