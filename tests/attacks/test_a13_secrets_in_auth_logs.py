"""What the auth worker logs, counts and answers in errors holds nothing that somebody could use."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from covey.errors import CoveyError
from covey.protocol import auth
from tests.helpers.auth_worker import auth_rig

PASSWORDS = ("canary password 1", "canary password 2", "canary password 3")
NAMES = ("canary-admin", "canary-alice")


async def test_a13_no_secret_and_no_name_is_logged_counted_or_repeated_in_an_error() -> None:
    errors: list[str] = []

    async def refused(attempt: Any) -> None:
        with pytest.raises(CoveyError) as caught:
            await attempt
        errors.append(f"{caught.value!r} {caught.value.detail} {caught.value.param}")

    with capture_logs() as logged:
        async with auth_rig(registration="invitation") as rig:
            admin = await rig.register(NAMES[0], PASSWORDS[0])
            invitation = await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)
            alice = await rig.register(NAMES[1], PASSWORDS[1], invitation=invitation.code)
            key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=alice)
            request = auth.ChangePassword(current_password=PASSWORDS[1], new_password=PASSWORDS[2])
            await rig.call(auth.CHANGE_PASSWORD, request, by=alice)
            renewed = await rig.refresh(alice.refresh_token)
            await refused(rig.refresh(alice.refresh_token))
            await refused(rig.login(NAMES[1], PASSWORDS[1]))
            await refused(rig.register(NAMES[1], PASSWORDS[1], invitation=invitation.code))
            await refused(rig.register(NAMES[1] + "!", PASSWORDS[1]))
            await refused(rig.call(auth.CHANGE_PASSWORD, request, by=admin))
            await rig.call(
                auth.REVOKE_KEY, auth.RevokeKey(key_id=key.key.id), by=await rig.login(NAMES[1], PASSWORDS[2])
            )
            await rig.call(auth.ROTATE_SIGNING_KEY, by=admin)
            metrics = generate_latest(rig.registry).decode()
    secrets = [*PASSWORDS, *NAMES, key.secret, key.secret[15:], invitation.code]
    for tokens in (admin, alice, renewed):
        secrets += [tokens.access_token, tokens.refresh_token, *tokens.refresh_token.split(".")[3:]]
    said = f"{logged} {errors} {metrics}"
    assert len(logged) > 10
    assert [secret for secret in secrets if secret in said] == []
