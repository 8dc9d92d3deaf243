"""A9, A10, A12, A13, A16, A17: credentials at the gateway: warm caches, running streams, twins of every route."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from covey.errors import CoveyError, Forbidden, StoreUnavailable, Unauthenticated
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_EMBED,
    CLIENT_FOLLOW,
    CLIENT_GENERATE,
    CLIENT_START,
    CancelGeneration,
    Delta,
    Embed,
    Failed,
    FollowGeneration,
    GatewayEmbed,
    Generate,
    GenerationAccepted,
    StartGeneration,
)
from covey.protocol.operations import CLIENT_PULL_MODEL, GatewayPull
from covey.protocol.registry import PullModel
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from covey.testing.manual_clock import ManualClock
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor(aliases=("fast",))
        yield running


Revoke = Callable[[Chain, str, str], Awaitable[None]]


async def log_out(chain: Chain, user: str, session: str) -> None:
    await chain.records.end_session(session)


async def log_out_everywhere(chain: Chain, user: str, session: str) -> None:
    await chain.records.change_user(chain.records.users[user].user_id, sessions_valid_after=chain.clock.now() + 1)


async def suspend(chain: Chain, user: str, session: str) -> None:
    await chain.records.change_user(chain.records.users[user].user_id, status="suspended")


async def delete(chain: Chain, user: str, session: str) -> None:
    await chain.records.delete_user(chain.records.users[user].user_id)


@pytest.mark.parametrize("revoke", [log_out, log_out_everywhere, suspend, delete])
async def test_a9_a_session_that_ended_is_refused_everywhere_and_its_stream_ends(chain: Chain, revoke: Revoke) -> None:
    user = await chain.records.user("ada")
    token = chain.records.token(user, session_id="ses_1")
    await chain.operate("models.list", token)
    processor = chain.processors[0]
    processor.gate = Gate()
    events = chain.generate(token)
    await anext(events)
    waiting = asyncio.create_task(chain.answer(token))
    await eventually(lambda: processor.running == 2)

    await revoke(chain, user, "ses_1")

    last = [event async for event in events]
    assert isinstance(last[-1], Failed)
    assert last[-1].code == "unauthenticated"
    assert isinstance((await waiting)[-1], Failed)
    await eventually(lambda: processor.running == 0)
    for attempt in every_way(chain, token):
        with pytest.raises(Unauthenticated):
            await attempt()


def every_way(chain: Chain, credential: str, model: str = "sample") -> list[Callable[[], Awaitable[object]]]:
    """Every door of the client worker that takes a credential."""
    generation = "gen_0_0"

    async def stream() -> object:
        return [
            event async for event in chain.bus.stream(CLIENT_GENERATE, chat(credential, model=model), chain.context())
        ]

    async def repeatable() -> object:
        context = chain.context(idempotency_key=f"k-{model}")
        return [event async for event in chain.bus.stream(CLIENT_GENERATE, chat(credential, model=model), context)]

    async def completion() -> object:
        start = StartGeneration(credential=credential, generate=Generate(model=ModelName(model), prompt="x"))
        return [event async for event in chain.bus.stream(CLIENT_GENERATE, start, chain.context())]

    async def follow() -> object:
        asked = FollowGeneration(credential=credential, generation_id=generation)  # type: ignore[arg-type]
        return [event async for event in chain.bus.stream(CLIENT_FOLLOW, asked, chain.context())]

    async def cancel() -> object:
        asked = CancelGeneration(credential=credential, generation_id=generation)  # type: ignore[arg-type]
        return await chain.bus.call(CLIENT_CANCEL, asked, chain.context())

    async def start() -> object:
        return await chain.bus.call(CLIENT_START, chat(credential, model=model, detached=True), chain.context())

    async def embed() -> object:
        asked = GatewayEmbed(credential=credential, embed=Embed(model=ModelName(model), inputs=("x",)))
        return await chain.bus.call(CLIENT_EMBED, asked, chain.context())

    async def pull() -> object:
        asked = GatewayPull(credential=credential, pull=PullModel(model=ModelName(model)))
        return [step async for step in chain.bus.stream(CLIENT_PULL_MODEL, asked, chain.context())]

    async def operate() -> object:
        return await chain.operate("models.list", credential)

    async def own() -> object:
        return await chain.operate("generations.list", credential)

    return [stream, repeatable, completion, follow, cancel, start, embed, pull, operate, own]


async def test_a10_a_revoked_key_opens_nothing_although_caches_are_warm(chain: Chain) -> None:
    user = await chain.records.user("ada", role="admin")
    key = await chain.records.key(user, scopes=("inference", "account", "admin"))
    await chain.answer(key)
    await chain.operate("models.list", key)
    await chain.records.revoke_key(key)
    for attempt in every_way(chain, key):
        with pytest.raises(Unauthenticated):
            await attempt()


async def test_a10_while_the_store_is_away_known_keys_work_up_to_the_bound_and_not_beyond(tmp_path: Path) -> None:
    clock = ManualClock()
    async with running_chain(tmp_path, clock=clock, gateway={"max_staleness_s": 60.0}) as chain:
        await chain.processor()
        key = await chain.records.key(await chain.records.user("ada"))
        cold = await chain.records.key(await chain.records.user("bob"))
        await chain.answer(key)
        chain.store.available = False
        clock.advance(59.0)
        assert isinstance((await chain.answer(key))[1], Delta)
        assert isinstance((await chain.answer(cold))[1], Delta)
        clock.advance(2.0)
        for credential in (key, cold, "sk-covey-nonsense"):
            with pytest.raises(StoreUnavailable):
                await chain.answer(credential)
        with pytest.raises(StoreUnavailable):
            await chain.gateway.check()


async def test_a10_when_the_store_is_back_service_goes_on_and_missed_revocations_hold(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor()
        user = await chain.records.user("ada")
        good, bad = await chain.records.key(user), await chain.records.key(user)
        await chain.answer(good)
        await chain.answer(bad)
        chain.store.available = False
        assert await chain.answer(bad)
        chain.store.available = True
        await chain.records.revoke_key(bad)
        assert await chain.answer(good)
        with pytest.raises(Unauthenticated):
            await chain.answer(bad)


async def test_a12_tokens_that_share_all_but_their_end_stay_apart(chain: Chain) -> None:
    users = [await chain.records.user(f"user-{number}") for number in range(20)]
    tokens = {user: chain.records.token(user) for user in users}
    shared = {token[:60] for token in tokens.values()}
    assert len(shared) == 1
    for _ in range(2):
        for user, token in tokens.items():
            await chain.answer(token)
            assert chain.processors[0].contexts[-1].identity is not None
            assert chain.processors[0].contexts[-1].identity.user_id == user
    for length in (20, 64, 200):
        with pytest.raises(Unauthenticated):
            await chain.answer(tokens[users[0]][:length])


async def test_a12_a_token_with_one_character_changed_is_not_the_cached_one(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    await chain.answer(token)
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(Unauthenticated):
            await chain.answer(changed)


@pytest.mark.parametrize("credential", ["", " ", "sk-", "\udc80", "x" * 100_000, "a.b.c", "Bearer x", "null"])
async def test_a16_what_is_no_credential_is_refused_with_one_and_the_same_answer(chain: Chain, credential: str) -> None:
    for attempt in every_way(chain, credential):
        with pytest.raises(Unauthenticated) as caught:
            await attempt()
        assert caught.value.detail == "the credential is not valid: unknown, expired or revoked"


async def test_a17_a_key_for_one_model_is_refused_alike_on_every_twin(chain: Chain) -> None:
    await chain.processor(models=("other",), aliases=("quick",))
    user = await chain.records.user("ada")
    key = await chain.records.key(user, models=("sample",))
    twins = every_way(chain, key, "other")[:3] + [every_way(chain, key, "other")[6]]
    twins += every_way(chain, key, "quick")[:3] + every_way(chain, key, "nothing")[:3]
    seen = set()
    for attempt in twins:
        with pytest.raises(Forbidden) as caught:
            await attempt()
        seen.add((caught.value.code, caught.value.detail))
    with pytest.raises(Forbidden) as caught:
        await chain.operate("models.show", key, model="other")
    seen.add((caught.value.code, caught.value.detail))
    assert len(seen) == 1
    assert chain.processors[1].asked == []
    accepted = await chain.bus.call(CLIENT_START, chat(key, model="other", detached=True), chain.context())
    assert isinstance(accepted, GenerationAccepted)
    follow = FollowGeneration(credential=key, generation_id=accepted.generation_id)
    (event,) = [event async for event in chain.bus.stream(CLIENT_FOLLOW, follow, chain.context())]
    assert isinstance(event, Failed)
    assert event.code == "forbidden"


async def test_a17_a_key_for_a_model_may_use_it_by_every_name_and_sees_only_it(chain: Chain) -> None:
    await chain.processor(models=("other",))
    user = await chain.records.user("ada")
    for allowed in ("sample", "fast"):
        key = await chain.records.key(user, models=(allowed,))
        for name in ("sample", "fast"):
            assert await chain.answer(key, model=name)
            assert chain.processors[0].asked[-1].model == "sample"
        shown = await chain.operate("models.list", key)
        assert [item.model.name for item in shown.items] == ["sample"]


async def test_a13_credentials_are_in_no_log_metric_or_stored_byte(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    user = await chain.records.user("ada", role="admin")
    key = await chain.records.key(user, scopes=("inference", "account", "admin"))
    token = chain.records.token(user)
    prompt = "canary-prompt-5581"
    for credential in (key, token, "sk-covey-canary-wrong"):
        for attempt in every_way(chain, credential, "sample"):
            (failure,) = await asyncio.gather(attempt(), return_exceptions=True)
            assert credential not in str(failure)
        with pytest.raises(CoveyError):
            await chain.answer(credential, prompt, model="missing")
    await chain.answer(key, prompt)
    await chain.gateway.stop()
    output = capsys.readouterr()
    everything = output.out.encode() + output.err.encode() + generate_latest(chain.registry) + await stored(chain)
    for secret in (key, token, "sk-covey-canary-wrong", prompt):
        assert secret.encode() not in everything
    assert hashlib.sha256(key.encode()).hexdigest().encode() not in output.out.encode()


async def stored(chain: Chain) -> bytes:
    """Every byte of the store and of the data directory."""
    found = b""
    for name in ("access", "gateway", "client"):
        bucket = await chain.store.bucket(name)
        found += b"".join(entry.key.encode() + entry.value for entry in await bucket.range())
    for name in ("usage", "audit"):
        log = await chain.store.log(name)
        found += b"".join(record.value for record in await log.read(limit=10_000))
    return found + b"".join(path.read_bytes() for path in chain.data_dir.rglob("*") if path.is_file())
