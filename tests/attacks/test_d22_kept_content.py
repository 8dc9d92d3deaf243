"""D22: what people ask and are answered is read by nobody, unless an operator has it kept; then by administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from covey.errors import CoveyError, Forbidden, NotFound, Unauthenticated
from covey.protocol.inference import Delta
from covey.protocol.usage import AuditEvent
from covey.testing.eventually import eventually
from tests.helpers.chain import Chain, running_chain


@asynccontextmanager
async def running(folder: Path, *, keep: bool, **settings: Any) -> AsyncIterator[Chain]:
    async with running_chain(folder, gateway={"content": {"keep": keep, **settings}}) as chain:
        await chain.processor()
        yield chain


async def asked(chain: Chain, credential: str, text: str) -> tuple[str, str]:
    """The id of a request that is over, and its answer."""
    context = chain.context()
    events = [event async for event in chain.generate(credential, text, context=context)]
    return context.request_id, "".join(event.text for event in events if isinstance(event, Delta))


async def written_down(chain: Chain, token: str, count: int) -> None:
    async def enough() -> bool:
        return len((await chain.operate("requests.query", token, user_id=None)).items) >= count

    await eventually(enough)


async def stored(chain: Chain, *, but: str = "") -> bytes:
    """Everything that the store holds, except for the bucket ``but``."""
    found: list[bytes] = []
    for name, bucket in chain.store._buckets.items():
        if name != but:
            found += [entry.key.encode() + entry.value for entry in await bucket.range()]
    for log in chain.store._logs.values():
        found += [record.value for record in await log.read()]
    return b"\n".join(found)


@pytest.mark.parametrize("keep", [False, True])
async def test_d22_content_is_where_an_operator_wants_it_and_nowhere_else(tmp_path: Path, keep: bool) -> None:
    secret = f"canary{uuid4().hex}"
    with capture_logs() as logs:
        async with running(tmp_path, keep=keep) as chain:
            token = chain.records.token(await chain.records.user("ada"))
            _, answer = await asked(chain, token, secret)
            await written_down(chain, token, 1)
            await chain.gateway.stop()
            everything = await stored(chain)
            apart = await stored(chain, but="content")
            pages = generate_latest(chain.registry)
    assert answer
    assert (secret.encode() in everything) is (answer.encode() in everything) is keep
    assert ("content" in chain.store._buckets) is keep
    for text in (secret, answer):
        assert text.encode() not in apart
        assert text.encode() not in pages
        assert text not in str(logs)
        assert [path for path in tmp_path.rglob("*") if path.is_file() and text.encode() in path.read_bytes()] == []


async def test_d22_nobody_but_an_administrator_reads_it(tmp_path: Path) -> None:
    async with running(tmp_path, keep=True) as chain:
        ada = await chain.records.user("ada")
        admin_id = await chain.records.user("root", role="admin")
        own = chain.records.token(ada)
        request_id, answer = await asked(chain, own, "hello")
        refused: list[tuple[str | None, type[CoveyError]]] = [
            (own, Forbidden),
            (await chain.records.key(ada, scopes=("inference", "account", "admin")), Forbidden),
            (await chain.records.key(admin_id, scopes=("inference", "account")), Forbidden),
            (None, Unauthenticated),
            ("sk-covey-nobody", Unauthenticated),
        ]
        for credential, error in refused:
            with pytest.raises(error) as raised:
                await chain.operate("requests.content", credential, request_id=request_id)
            assert answer not in str(raised.value)


async def test_d22_every_reading_and_every_attempt_is_in_the_audit_log(tmp_path: Path) -> None:
    async with running(tmp_path, keep=True) as chain:
        member = chain.records.token(await chain.records.user("ada"))
        admin = chain.records.token(await chain.records.user("root", role="admin"))
        request_id, answer = await asked(chain, member, "hello")

        async def read() -> bool:
            try:
                (item,) = (await chain.operate("requests.content", admin, request_id=request_id)).items
            except NotFound:
                return False
            return bool(item.answer.text == answer)

        await eventually(read)
        with pytest.raises(Forbidden):
            await chain.operate("requests.content", member, request_id=request_id)
        page = await chain.operate("audit.query", admin, action="requests.content")
        events: list[AuditEvent] = list(page.items)
        assert (events[0].actor_name, events[0].outcome, events[0].error_code) == ("ada", "refused", "forbidden")
        assert (events[1].actor_name, events[1].outcome, events[1].target) == ("root", "ok", request_id)
        assert answer not in str(events)


async def test_d22_while_it_is_off_there_is_nothing_to_read_and_the_answer_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, keep=False) as chain:
        admin = chain.records.token(await chain.records.user("root", role="admin"))
        request_id, _ = await asked(chain, admin, "hello")
        await written_down(chain, admin, 1)
        with pytest.raises(NotFound, match="not kept here"):
            await chain.operate("requests.content", admin, request_id=request_id)


async def test_d22_everybody_can_see_that_content_is_kept_and_for_how_long(tmp_path: Path) -> None:
    async with running(tmp_path, keep=True, keep_s=86_400.0) as chain:
        ada = await chain.records.user("ada")
        for credential in (chain.records.token(ada), await chain.records.key(ada)):
            policy = await chain.operate("content.policy", credential)
            assert (policy.kept, policy.kept_s) == (True, 86_400.0)
        with pytest.raises(Unauthenticated):
            await chain.operate("content.policy", None)
    async with running(tmp_path, keep=False) as chain:
        policy = await chain.operate("content.policy", chain.records.token(await chain.records.user("ada")))
        assert (policy.kept, policy.kept_s) == (False, None)


async def test_d22_a_store_that_takes_no_content_costs_content_and_no_request(tmp_path: Path) -> None:
    async with running(tmp_path, keep=True, max_waiting_bytes=1_000_000, max_bytes=400_000) as chain:
        ada = await chain.records.user("ada")
        token = chain.records.token(ada)
        chain.store.available = False
        for _ in range(6):
            _, answer = await asked(chain, token, "x" * 390_000)
            assert answer
        assert chain.sample("covey_gateway_contents_total", fate="dropped") >= 3
        chain.store.available = True


async def test_d22_the_content_of_a_deleted_account_is_deleted(tmp_path: Path) -> None:
    secret = f"canary{uuid4().hex}"
    async with running(tmp_path, keep=True) as chain:
        ada = await chain.records.user("ada")
        await asked(chain, chain.records.token(ada), secret)

        async def holds(expected: bool) -> bool:
            return (secret.encode() in await stored(chain)) is expected

        async def there() -> bool:
            return await holds(True)

        async def gone() -> bool:
            return await holds(False)

        await eventually(there)
        await chain.records.delete_user(ada)
        await eventually(gone)
