from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.errors import CoveyError, Forbidden, InvalidRequest, ModelNotFound, NotFound
from covey.protocol.auth import CreateKey, ResetPassword, UpdateUser
from covey.protocol.ids import UserId
from covey.protocol.operations import CLIENT_PULL_MODEL, GatewayPull
from covey.protocol.registry import PullModel
from covey.protocol.usage import AuditEvent
from covey.testing.eventually import eventually
from covey.workers.gateway.audit import details_of, outcome_of, target_of
from tests.helpers.chain import Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor()
        yield running


@pytest.fixture
async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


async def events(chain: Chain, admin: str, **fields: Any) -> tuple[AuditEvent, ...]:
    found: tuple[AuditEvent, ...] = (await chain.operate("audit.query", admin, **fields)).items
    return found


def test_details_name_the_fields_and_show_only_harmless_values() -> None:
    assert details_of(CreateKey(name="ci", scopes=("account",))) == {"scopes": ("account",), "fields": ["name"]}
    assert details_of(UpdateUser(user_id=UserId("usr_1"), role="admin")) == {"role": "admin"}
    reset = details_of(ResetPassword(user_id=UserId("usr_1"), new_password="hunter2hunter2"))
    assert reset == {"fields": ["new_password"]}


def test_an_address_is_shown_without_what_may_be_secret_in_it() -> None:
    pull = PullModel(model="https://user:word@example.org/m.gguf?token=x")  # type: ignore[arg-type]
    assert target_of(pull, None) == "https://example.org/m.gguf"


def test_the_callers_fault_is_refused_and_ours_is_failed() -> None:
    assert outcome_of(None) == "ok"
    assert outcome_of(Forbidden()) == "refused"
    assert outcome_of(CoveyError()) == "failed"
    assert outcome_of(ValueError()) == "failed"


async def test_accepted_and_refused_attempts_are_both_in_the_log(chain: Chain, admin: str) -> None:
    member = chain.records.token(await chain.records.user("ada"))
    await chain.operate("models.remove", admin, model="sample")
    with pytest.raises(Forbidden):
        await chain.operate("models.remove", member, model="sample")
    with pytest.raises(NotFound):
        await chain.operate("models.remove", admin, model="missing")
    found = [(event.actor_name, event.target, event.outcome, event.error_code) for event in await events(chain, admin)]
    assert found == [
        ("root", "missing", "refused", "model_not_found"),
        ("ada", None, "refused", "forbidden"),
        ("root", "sample", "ok", None),
    ]
    assert chain.processors[0].removed == ["sample"]


async def test_a_fetch_of_a_model_is_in_the_log_with_who_asked(chain: Chain, admin: str) -> None:
    pull = GatewayPull(credential=admin, pull=PullModel(model="tiny"))  # type: ignore[arg-type]
    steps = [step async for step in chain.bus.stream(CLIENT_PULL_MODEL, pull, chain.context())]
    assert steps[-1].status == "done"
    (event,) = await events(chain, admin)
    assert (event.action, event.actor_name, event.target) == ("models.pull", "root", "tiny")


async def test_a_fetch_that_was_refused_is_in_the_log_as_such(chain: Chain, admin: str) -> None:
    member = chain.records.token(await chain.records.user("ada"))
    chain.processors[0].pull_failure = ModelNotFound()
    for credential, model in ((admin, "no-such-model"), (member, "tiny"), ("of-nobody", "tiny")):
        pull = GatewayPull(credential=credential, pull=PullModel(model=model))  # type: ignore[arg-type]
        with pytest.raises(CoveyError):
            _ = [step async for step in chain.bus.stream(CLIENT_PULL_MODEL, pull, chain.context())]
    found = [(event.actor_name, event.target, event.outcome, event.error_code) for event in await events(chain, admin)]
    assert found == [("ada", "tiny", "refused", "forbidden"), ("root", "no-such-model", "refused", "model_not_found")]


async def test_pages_go_backwards_without_gaps_and_can_be_narrowed(chain: Chain, admin: str) -> None:
    for number in range(7):
        with pytest.raises(NotFound):
            await chain.operate("models.remove", admin, model=f"m{number}")
    seen: list[str | None] = []
    cursor = None
    while True:
        page = await chain.operate("audit.query", admin, limit=3, cursor=cursor)
        seen += [event.target for event in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [f"m{number}" for number in reversed(range(7))]
    assert len(await events(chain, admin, action="models.remove")) == 7
    assert await events(chain, admin, action="keys.create") == ()
    for bad in ({"limit": 0}, {"limit": 501}, {"cursor": "x"}):
        with pytest.raises(InvalidRequest):
            await events(chain, admin, **bad)


async def test_while_the_store_is_away_lines_wait_on_disk(chain: Chain, admin: str) -> None:
    chain.store.available = False
    await chain.operate("models.remove", admin, model="sample")
    assert chain.sample("covey_gateway_log_records_total", log="audit", fate="spilled") == 1
    chain.store.available = True

    async def written() -> bool:
        return len(await events(chain, admin)) == 1

    await eventually(written)
