from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import InstanceInfo
from covey.protocol.settings import (
    AUTH_SHOW_SETTINGS,
    GATEWAY_SHOW_SETTINGS,
    SettingInForce,
    SettingsInForce,
    ShowSettings,
)
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from tests.helpers.chain import Chain, running_chain


class AuthElsewhere(Service):
    service = "auth"

    @serves(AUTH_SHOW_SETTINGS)
    async def show_settings(self, request: Empty, context: CallContext) -> SettingsInForce:
        assert context.identity is not None
        return SettingsInForce(
            node=NodeName("far"), items=(SettingInForce(path="auth.x"),), service="auth", instance=InstanceId("auth-1")
        )

    def info(self) -> InstanceInfo:
        return InstanceInfo(
            service="auth", instance=InstanceId("auth-1"), node=NodeName("far"), version="1", started_at=0.0
        )


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as made:
        made.gateway.settings = lambda: (SettingInForce(path="bridge.port", value=1),)
        elsewhere = AuthElsewhere()
        await made.bus.serve(elsewhere, elsewhere.info)
        yield made


async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


async def test_without_a_node_the_gateway_tells_its_own(chain: Chain) -> None:
    found = await chain.operate("settings.list", await admin(chain))
    assert [item.path for item in found.items] == ["bridge.port"]
    assert (found.service, found.instance) == ("gateway", chain.gateway.instance)


async def test_another_node_is_asked_through_what_it_has(chain: Chain) -> None:
    found = await chain.operate("settings.list", await admin(chain), node="far")
    assert (found.node, found.service, [item.path for item in found.items]) == ("far", "auth", ["auth.x"])


async def test_another_gateway_verifies_the_administrator_itself(chain: Chain) -> None:
    chain.registry = CollectorRegistry()
    second = chain.new_gateway()
    second.settings = lambda: (SettingInForce(path="second.x"),)
    await second.start()
    try:
        token = await admin(chain)
        answers = set()
        for gateway in (chain.gateway, second):
            shown = await chain.bus.call(
                GATEWAY_SHOW_SETTINGS, ShowSettings(credential=token), chain.context(), to=gateway.instance
            )
            answers.add(shown.items[0].path)
        assert answers == {"bridge.port", "second.x"}
        member = chain.records.token(await chain.records.user("ada"))
        for credential, refused in ((member, Forbidden), ("nonsense", Unauthenticated)):
            with pytest.raises(refused):
                await chain.bus.call(
                    GATEWAY_SHOW_SETTINGS, ShowSettings(credential=credential), chain.context(), to=second.instance
                )
    finally:
        await second.stop()


@pytest.mark.parametrize("fields", [{"node": "nowhere"}, {"node": "far", "service": "processor"}])
async def test_what_is_not_there_is_not_found(chain: Chain, fields: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        await chain.operate("settings.list", await admin(chain), **fields)


async def test_only_administrators_may_ask_and_only_of_what_can_answer(chain: Chain) -> None:
    member = chain.records.token(await chain.records.user("ada"))
    with pytest.raises(Forbidden):
        await chain.operate("settings.list", member, node="far")
    with pytest.raises(InvalidRequest):
        await chain.operate("settings.list", await admin(chain), service="bridge")
