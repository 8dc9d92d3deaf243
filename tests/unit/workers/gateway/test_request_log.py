"""Single requests as administrators and their owners see them, through a whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import CoveyError, Forbidden
from covey.testing.eventually import eventually
from tests.helpers.chain import NODE, Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor(tokens_per_second=0.0)
        yield running


async def logged(chain: Chain, credential: str, count: int, **fields: Any) -> list[Any]:
    found: list[Any] = []

    async def enough() -> bool:
        found[:] = (await chain.operate("requests.query", credential, **fields)).items
        return len(found) >= count

    await eventually(enough)
    return found


async def test_a_request_is_found_with_its_user_its_processor_and_its_durations(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    await chain.answer(token)
    (row,) = await logged(chain, token, 1)
    assert row.username == "ada"
    record = row.record
    assert (record.model, record.outcome, record.node, record.admitted) == ("sample", "ok", NODE, True)
    assert record.processor == chain.processors[0].instance
    assert record.first_token_ms is not None


async def test_a_refused_request_is_found_and_is_no_usage(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    with pytest.raises(CoveyError):
        await chain.answer(token, model="nothing")
    (row,) = await logged(chain, token, 1, outcome="refused")
    assert row.record.error_code == "model_not_found"
    assert (await chain.operate("usage.query", token)).items == ()


async def test_everybody_sees_their_own_requests_and_administrators_all(chain: Chain) -> None:
    ada, eve = await chain.records.user("ada"), await chain.records.user("eve")
    root = chain.records.token(await chain.records.user("root", role="admin"))
    for user in (ada, eve):
        await chain.answer(chain.records.token(user))
    assert len(await logged(chain, root, 2)) == 2
    assert [row.username for row in await logged(chain, root, 1, user_id=eve)] == ["eve"]
    assert [row.username for row in await logged(chain, chain.records.token(ada), 1)] == ["ada"]
    for wanted in (eve, "*"):
        with pytest.raises(Forbidden):
            await chain.operate("requests.query", chain.records.token(ada), user_id=wanted)


async def test_a_gateway_that_starts_later_finds_what_others_wrote(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    await chain.answer(token)
    await logged(chain, token, 1)
    await chain.gateway.stop()
    chain.registry = CollectorRegistry()
    later = chain.new_gateway()
    await later.start()
    try:
        assert len(await logged(chain, token, 1)) == 1
    finally:
        await later.stop()
