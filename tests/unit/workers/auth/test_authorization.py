from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import Forbidden, Unauthenticated
from covey.protocol import auth
from covey.protocol.auth import SessionTokens
from covey.workers.auth.accounts import Accounts
from covey.workers.auth.authorization import Authorization
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.sessions import Sessions
from tests.helpers.auth_worker import AuthRig, auth_rig, context, identity_of


@pytest.fixture
async def rig() -> AsyncIterator[AuthRig]:
    async with auth_rig() as made:
        yield made


async def authorization(rig: AuthRig) -> Authorization:
    secret, access = await rig.auth(), await rig.access()
    sessions = Sessions(secret, access, rig.clock, rig.config.sessions, AuthMetrics(CollectorRegistry()))
    return Authorization(Accounts(secret, access, sessions))


async def test_anyone_is_somebody_whose_account_is_there_and_active(rig: AuthRig) -> None:
    admin = await rig.register("admin")
    member: SessionTokens = await rig.register("member")
    deciding = await authorization(rig)
    actor = await deciding.anyone(context(identity_of(member, scopes=())))
    assert actor.user.username == "member"
    with pytest.raises(Unauthenticated):
        await deciding.anyone(context(None))
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, status="suspended"), by=admin)
    with pytest.raises(Unauthenticated):
        await deciding.anyone(context(identity_of(member)))


async def test_an_administrator_needs_role_scope_and_record(rig: AuthRig) -> None:
    admin = await rig.register("admin")
    deciding = await authorization(rig)
    assert (await deciding.administrator(context(identity_of(admin)))).user.role == "admin"
    for weaker in (identity_of(admin, scopes=("account",)), identity_of(admin, role="member")):
        with pytest.raises(Forbidden):
            await deciding.administrator(context(weaker))
