"""What administrators decide about models, in force for everybody, through a whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import Conflict, InvalidRequest, ModelNotFound
from covey.protocol.inference import ChatMessage, Sampling
from covey.testing.eventually import eventually
from tests.helpers.chain import Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor(tokens_per_second=0.0, models=("a", "b"))
        yield running


@pytest.fixture
async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


async def decide(chain: Chain, admin: str, model: str = "a", **fields: Any) -> Any:
    return await chain.operate("models.set_settings", admin, model=model, **fields)


async def names(chain: Chain, credential: str) -> list[str]:
    return [item.model.name for item in (await chain.operate("models.list", credential)).items]


async def test_a_model_that_somebody_may_not_use_does_not_exist_for_them(chain: Chain, admin: str) -> None:
    ada, eve = await chain.records.user("ada"), await chain.records.user("eve")
    mine, hers = chain.records.token(ada), chain.records.token(eve)
    await decide(chain, admin, access={"kind": "users", "users": [ada]}, aliases=["secret-plan"])
    assert await names(chain, mine) == await names(chain, admin) == ["a", "b"]
    assert await names(chain, hers) == ["b"]
    await chain.answer(mine, model="a")
    messages = []
    for name in ("a", "secret-plan", "secret-plam"):
        for ask in (chain.answer(hers, model=name), chain.operate("models.show", hers, model=name)):
            with pytest.raises(ModelNotFound) as caught:
                await ask
            messages.append(caught.value.detail)
    assert not any("secret" in message or " a?" in message for message in messages)


async def test_roles_and_hidden_models_are_kept_apart_and_freed_again(chain: Chain, admin: str) -> None:
    member = chain.records.token(await chain.records.user("ada"))
    await decide(chain, admin, access={"kind": "roles", "roles": ["admin"]})
    await decide(chain, admin, "b", hidden=True)
    assert await names(chain, member) == []
    assert await names(chain, admin) == ["a", "b"]
    for model in ("a", "b"):
        await chain.operate("models.reset_settings", admin, model=model)
    assert await names(chain, member) == ["a", "b"]


async def test_requests_get_what_was_decided_where_they_say_nothing(chain: Chain, admin: str) -> None:
    await decide(chain, admin, sampling={"temperature": 0.25, "top_k": 7}, system_prompt="Be brief.")
    await chain.answer(admin, model="a", generate={"sampling": Sampling(top_k=9)})
    asked = chain.processors[0].asked[-1]
    assert (asked.sampling.temperature, asked.sampling.top_k) == (0.25, 9)
    assert (asked.messages[0].role, asked.messages[0].content) == ("system", "Be brief.")
    own = (ChatMessage(role="system", content="Be long."), ChatMessage(role="user", content="x"))
    await chain.answer(admin, model="a", messages=own)
    assert chain.processors[0].asked[-1].messages == own
    await chain.answer(admin, model="b")
    assert chain.processors[0].asked[-1].messages[0].role == "user"


async def test_an_alias_leads_to_the_model_and_is_shown(chain: Chain, admin: str) -> None:
    await decide(chain, admin, aliases=["house"], description="For everything")
    await chain.answer(admin, model="house")
    assert chain.processors[0].asked[-1].model == "a"
    shown = (await chain.operate("models.show", admin, model="house")).model
    assert (shown.name, shown.description, "house" in shown.aliases) == ("a", "For everything", True)
    key = await chain.records.key(await chain.records.user("ada"), models=("house",))
    await chain.answer(key, model="house")


async def test_another_gateway_has_it_in_force_too_and_one_that_starts_later(chain: Chain, admin: str) -> None:
    chain.registry = CollectorRegistry()
    other = chain.new_gateway()
    await other.start()
    member = chain.records.token(await chain.records.user("ada"))
    await decide(chain, admin, hidden=True)
    await chain.gateway.stop()
    try:

        async def gone() -> bool:
            return await names(chain, member) == ["b"]

        await eventually(gone)
        assert (await chain.operate("models.get_settings", admin, model="a")).hidden
    finally:
        await other.stop()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"aliases": ["b"]}, Conflict),
        ({"aliases": ["not a name"]}, InvalidRequest),
        ({"aliases": [f"n{number}" for number in range(17)]}, InvalidRequest),
        ({"system_prompt": "x" * 32_001}, InvalidRequest),
        ({"description": "x" * 501}, InvalidRequest),
        ({"sampling": {"temperature": 9.0}}, InvalidRequest),
        ({"access": {"kind": "users"}}, InvalidRequest),
        ({"access": {"kind": "roles"}}, InvalidRequest),
    ],
)
async def test_what_makes_no_sense_is_refused(
    chain: Chain, admin: str, fields: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await decide(chain, admin, **fields)
    assert (await chain.operate("models.get_settings", admin, model="a")).updated_at is None


async def test_a_model_that_nobody_knows_has_no_settings(chain: Chain, admin: str) -> None:
    for name in ("models.get_settings", "models.set_settings", "models.reset_settings"):
        with pytest.raises(ModelNotFound):
            await chain.operate(name, admin, model="nothing")
