"""B6: every operation by every role, against a table that is written down. B7: other people's things do not exist."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from covey.errors import CoveyError, Forbidden, NotFound, Unauthenticated
from covey.protocol.conversations import (
    CLIENT_WATCH,
    ConversationChanged,
    WatchConversations,
    WatchEvent,
    Watching,
)
from covey.protocol.ids import ConversationId, InstanceId
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_FOLLOW,
    CLIENT_START,
    CancelGeneration,
    FollowGeneration,
)
from covey.protocol.operations import CLIENT_OPERATE, OPERATIONS, OPERATIONS_BY_NAME, Operate
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from tests.attacks.policy_table import ADMIN, ALLOWED, ANONYMOUS, KEY, MEMBER
from tests.helpers.chain import NODE, Chain, chat, running_chain
from tests.helpers.client_worker import example


class AnyAuth(Service):
    """An auth worker that answers everything, and remembers for whom."""

    service = "auth"
    asked: list[tuple[str, CallContext]] = []

    def info(self) -> InstanceInfo:
        return InstanceInfo(service="auth", instance=InstanceId("auth-1"), node=NODE)


def _answering(endpoint: Any) -> Any:
    async def answer(self: AnyAuth, request: Any, context: CallContext) -> Any:
        self.asked.append((endpoint.name, context))
        return example(endpoint.response)

    return serves(endpoint)(answer)


AUTH_SERVICE: type[AnyAuth] = type(
    "AuthOfAll",
    (AnyAuth,),
    {
        operation.endpoint.name.partition(".")[2]: _answering(operation.endpoint)
        for operation in OPERATIONS
        if operation.owner == "auth"
    },
)


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor(tokens_per_second=0.0)
        auth = AUTH_SERVICE()
        auth.asked = []
        await running.bus.serve(auth, auth.info)
        yield running


def test_b6_the_table_names_every_operation_and_no_other() -> None:
    assert ALLOWED.keys() == OPERATIONS_BY_NAME.keys()


async def test_b6_every_operation_is_open_to_exactly_the_roles_of_the_table(chain: Chain) -> None:
    member = await chain.records.user("ada")
    admin = await chain.records.user("root", role="admin")
    credentials: dict[str, str | None] = {
        ANONYMOUS: None,
        KEY: await chain.records.key(member),
        MEMBER: chain.records.token(member),
        ADMIN: chain.records.token(admin),
    }
    found: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        fields = msgspec.to_builtins(example(operation.endpoint.request))
        for role, credential in credentials.items():
            try:
                await chain.operate(operation.name, credential, **fields)
            except (Unauthenticated, Forbidden):
                continue
            except CoveyError:  # it was let in, and did not find what it asked for
                pass
            found.setdefault(operation.name, set()).add(role)
    assert found == ALLOWED


async def test_b6_an_administrators_key_without_the_scope_administers_nothing(chain: Chain) -> None:
    admin = await chain.records.user("root", role="admin")
    key = await chain.records.key(admin, scopes=("inference", "account"))
    for operation in OPERATIONS:
        if ALLOWED[operation.name] == {ADMIN}:
            with pytest.raises(Forbidden):
                await chain.operate(operation.name, key, **msgspec.to_builtins(example(operation.endpoint.request)))


async def test_b6_a_member_whose_key_claims_the_admin_scope_administers_nothing(chain: Chain) -> None:
    key = await chain.records.key(await chain.records.user("eve"), scopes=("inference", "account", "admin"))
    with pytest.raises(Forbidden):
        await chain.operate("users.list", key)


async def test_b6_an_operation_that_is_not_in_the_catalogue_does_not_exist(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("root", role="admin"))
    for name in ("", "users", "gateway.operate", "users.list ", "__init__"):
        with pytest.raises(NotFound):
            await chain.bus.call(CLIENT_OPERATE, Operate(operation=name, credential=token), chain.context())


async def test_b7_conversations_generations_usage_and_preferences_of_others_do_not_exist(chain: Chain) -> None:
    ada, eve = await chain.records.user("ada"), await chain.records.user("eve")
    mine, hers = chain.records.token(ada), chain.records.token(eve)
    conversation = await chain.operate("conversations.create", mine, title="private", folder="private")
    accepted = await chain.bus.call(CLIENT_START, chat(mine, detached=True), chain.context())
    wanted = {"conversation_id": conversation.info.id}
    message = {"role": "user", "content": "x"}
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("conversations.get", wanted),
        ("conversations.update", {**wanted, "title": "stolen"}),
        ("conversations.delete", wanted),
        ("conversations.append", {**wanted, "message": message}),
        ("conversations.fork", {**wanted, "message_id": "msg_1"}),
        ("conversations.delete_branch", {**wanted, "message_id": "msg_1"}),
        ("attachments.add", {**wanted, "url": "data:image/png;base64,aGk="}),
        ("attachments.get", {**wanted, "attachment_id": "att_1"}),
        ("generations.get", {"generation_id": accepted.generation_id}),
    ]
    for name, fields in attempts:
        with pytest.raises(NotFound) as caught:
            await chain.operate(name, hers, **fields)
        other: dict[str, Any] = {
            key: "conv_nothing" if key == "conversation_id" else value for key, value in fields.items()
        }
        if "generation_id" in fields:
            other = {"generation_id": "gen_0_0"}
        with pytest.raises(NotFound) as missing:
            await chain.operate(name, hers, **other)
        assert (caught.value.detail, caught.value.param) == (missing.value.detail, missing.value.param)
    follow = FollowGeneration(credential=hers, generation_id=accepted.generation_id)
    cancel = CancelGeneration(credential=hers, generation_id=accepted.generation_id)
    with pytest.raises(NotFound):
        await anext(aiter(chain.bus.stream(CLIENT_FOLLOW, follow, chain.context())))
    with pytest.raises(NotFound):
        await chain.bus.call(CLIENT_CANCEL, cancel, chain.context())
    with pytest.raises(NotFound):
        await chain.answer(hers, conversation_id=conversation.info.id)
    with pytest.raises(Forbidden):
        await chain.operate("usage.query", hers, user_id=ada)
    with pytest.raises(Forbidden):
        await chain.operate("usage.query", hers, user_id="*")
    assert (await chain.operate("conversations.list", hers)).items == ()
    assert (await chain.operate("conversations.list", hers, search="private")).items == ()
    assert (await chain.operate("conversations.folders", hers)).items == ()
    assert (await chain.operate("conversations.delete_all", hers, confirm="all")).deleted == 0
    assert (await chain.operate("generations.list", hers)).items == ()
    await chain.operate("preferences.set", hers, values={"theme": "dark"})
    assert (await chain.operate("preferences.get", mine)).values == {}
    untouched = await chain.operate("conversations.get", mine, **wanted)
    assert untouched.info == conversation.info
    assert untouched.messages == ()


async def test_b7_nobody_hears_or_reaches_into_the_conversations_of_others(chain: Chain) -> None:
    mine = chain.records.token(await chain.records.user("ada"))
    hers = chain.records.token(await chain.records.user("eve"))
    conversation = (await chain.operate("conversations.create", mine)).info.id
    own = (await chain.operate("conversations.create", hers)).info.id
    accepted = await chain.bus.call(
        CLIENT_START, chat(mine, detached=True, conversation_id=conversation), chain.context()
    )
    stream = cast(
        "AsyncGenerator[WatchEvent, None]",
        chain.bus.stream(CLIENT_WATCH, WatchConversations(credential=hers), chain.context()),
    )
    async with aclosing(stream) as events:
        assert await anext(events) == Watching()
        await chain.operate("conversations.update", mine, conversation_id=conversation, title="private")
        await chain.operate("conversations.update", hers, conversation_id=own, title="hers")
        change = await anext(events)
        assert isinstance(change, ConversationChanged)
        assert change.conversation_id == own
    for wanted in (conversation, "conv_nothing"):
        watch = WatchConversations(credential=hers, conversation_id=ConversationId(wanted))
        with pytest.raises(NotFound) as caught:
            await anext(aiter(chain.bus.stream(CLIENT_WATCH, watch, chain.context())))
        assert caught.value.detail == "there is no such conversation"
    places: tuple[dict[str, Any], ...] = (
        {"answer_to": accepted.question_id}, {"continue_id": accepted.answer_id}, {"parent_id": accepted.answer_id},
    )  # fmt: skip
    for place in places:
        for conversation_id in (conversation, own):
            start = chat(hers, detached=True, conversation_id=conversation_id, **place)
            with pytest.raises(NotFound):
                await chain.bus.call(CLIENT_START, start, chain.context())


@pytest.mark.parametrize("name", ["*", ">", "a.b", "../x", "", "x" * 65, "usr_1.conv_1"])
async def test_b7_ids_that_cannot_be_ids_do_not_exist(chain: Chain, name: str) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    with pytest.raises(NotFound):
        await chain.operate("conversations.get", token, conversation_id=name)
    with pytest.raises(NotFound):
        await chain.operate("generations.get", token, generation_id=name)


async def test_b7_the_auth_worker_hears_whose_credential_it_was_and_never_the_credential(chain: Chain) -> None:
    ada = await chain.records.user("ada")
    token = chain.records.token(ada)
    forged = chain.context(client_address="192.0.2.1")
    await chain.operate("keys.list", token, context=forged)
    (service,) = [served for served in chain.bus.router.served() if served.name == "auth"]
    handler: Any = service.calls["auth.list_keys"].method
    asked: list[tuple[str, CallContext]] = handler.__self__.asked
    (name, context) = asked[-1]
    assert name == "auth.list_keys"
    assert context.identity is not None
    assert context.identity.user_id == ada
    assert token not in repr(context)
