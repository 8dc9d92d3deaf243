"""Attacks on sessions, keys and accounts that the auth worker alone has to stand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from covey.domain.access_tokens import LEEWAY_S
from covey.domain.api_keys import hash_api_key, looks_like_api_key
from covey.errors import Forbidden, NotFound, Unauthenticated
from covey.protocol import auth
from covey.protocol.auth import SessionTokens
from covey.protocol.ids import KeyId
from covey.workers.auth.config import SigningKeyConfig
from covey.workers.auth.signing_keys import LAG_S
from tests.helpers.auth_worker import PASSWORD, auth_rig, identity_of


async def test_a6_tokens_survive_a_rotation_and_die_with_their_key() -> None:
    async with auth_rig() as rig:
        old = await rig.register("alice")
        rotated = await rig.call(auth.ROTATE_SIGNING_KEY, by=old)
        rig.clock.advance(SigningKeyConfig().settle_s)
        await rig.refresh_signing_keys()
        new = await rig.login("alice")
        assert await rig.accepts(old.access_token)
        assert await rig.accepts(new.access_token)
        rig.clock.advance(LAG_S + 600 + LEEWAY_S + 1)
        await rig.refresh_signing_keys()
        kept = [entry.key for entry in await (await rig.access()).range("jwk")]
        assert kept == [f"jwk.{rotated.key_id}"]
        assert not await rig.accepts(old.access_token)
        assert await rig.accepts((await rig.login("alice")).access_token)


async def test_a6_rotating_under_load_refuses_nobody() -> None:
    async with auth_rig(workers=2) as rig:
        admin = await rig.register("alice")
        for _ in range(6):
            tokens, *_ = await asyncio.gather(
                rig.login("alice"), rig.call(auth.ROTATE_SIGNING_KEY, by=admin), rig.login("alice", to="auth-1")
            )
            assert await rig.accepts(tokens.access_token)
            rig.clock.advance(200.0)
            await rig.refresh_signing_keys()
            assert await rig.accepts(tokens.access_token)


async def test_a8_a_credential_of_one_kind_is_none_of_another() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=tokens)
        for stranger in (tokens.refresh_token, key.secret):
            assert not await rig.accepts(stranger)
        for stranger in (tokens.access_token, key.secret, ""):
            with pytest.raises(Unauthenticated):
                await rig.refresh(stranger)
        assert not looks_like_api_key(tokens.access_token)
        assert not looks_like_api_key(tokens.refresh_token)


async def test_a11_a_name_that_is_used_again_inherits_nothing() -> None:
    async with auth_rig() as rig:
        admin = await rig.register("admin")
        first = await rig.register("alice")
        key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="old"), by=first)
        await rig.call(auth.DELETE_USER, auth.DeleteUser(user_id=first.user.id), by=admin)
        second = await rig.register("alice", "quite another one")
        assert second.user.id != first.user.id
        assert (await rig.call(auth.LIST_KEYS, by=second)).items == ()
        assert len((await rig.call(auth.LIST_SESSIONS, by=second)).items) == 1
        assert await (await rig.access()).get(f"key.{hash_api_key(key.secret)}") is None
        assert not await rig.accepts(first.access_token)
        for attempt in (rig.refresh(first.refresh_token), rig.login("alice", PASSWORD)):
            with pytest.raises(Unauthenticated):
                await attempt


async def test_a14_nothing_stored_is_a_secret_that_somebody_could_use() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice", "canary password 7")
        key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=tokens)
        invitation = await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=tokens)
        await rig.refresh(tokens.refresh_token)
        entries = [*await (await rig.auth()).range(), *await (await rig.access()).range()]
        stored = b"".join(entry.key.encode() + b" " + entry.value for entry in entries)
        family, turn = tokens.refresh_token.split(".")[3:]
        secrets = ("canary password 7", key.secret, key.secret[20:], invitation.code, family, turn, tokens.access_token)
        assert [secret for secret in secrets if secret.encode() in stored] == []
        assert b"$argon2id$" in stored


async def test_a14_private_keys_and_password_hashes_are_not_where_gateways_read() -> None:
    async with auth_rig() as rig:
        await rig.register("alice")
        readable = b"".join(entry.value for entry in await (await rig.access()).range())
        assert b"argon2" not in readable
        assert b"private_key" not in readable
        assert b"private_key" in b"".join(entry.value for entry in await (await rig.auth()).range("signing"))


async def outcomes(*attempts: Any) -> list[Any]:
    found = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(isinstance(each, SessionTokens | Unauthenticated) for each in found), found
    return [each for each in found if isinstance(each, SessionTokens)]


async def test_a18_a_used_refresh_token_ends_the_whole_session() -> None:
    async with auth_rig() as rig:
        first = await rig.register("alice")
        other = await rig.login("alice")
        second = await rig.refresh(first.refresh_token)
        assert second.session_id == first.session_id
        with pytest.raises(Unauthenticated):
            await rig.refresh(first.refresh_token)
        assert not await rig.accepts(second.access_token)
        with pytest.raises(Unauthenticated):
            await rig.refresh(second.refresh_token)
        assert await rig.accepts((await rig.refresh(other.refresh_token)).access_token)


async def test_a18_of_twenty_uses_at_the_same_time_one_wins_and_the_session_ends() -> None:
    async with auth_rig(workers=2) as rig:
        first = await rig.register("alice")
        won = await outcomes(*(rig.refresh(first.refresh_token, to=f"auth-{number % 2}") for number in range(20)))
        assert len(won) == 1
        assert not await rig.accepts(won[0].access_token)
        with pytest.raises(Unauthenticated):
            await rig.refresh(won[0].refresh_token)


async def test_a18_a_guess_ends_nobodys_session() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        prefix, user, session, family, turn = tokens.refresh_token.split(".")
        for guess in ((session, "A" * 43, turn), (session, "A" * 43, "B" * 43), ("ses_other", family, turn)):
            with pytest.raises(Unauthenticated):
                await rig.refresh(".".join((prefix, user, *guess)))
        assert await rig.refresh(tokens.refresh_token)


async def test_b7_the_keys_of_others_are_not_found() -> None:
    async with auth_rig() as rig:
        admin, alice, bob = [await rig.register(name) for name in ("admin", "alice", "bob")]
        key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=alice)
        for other in (admin, bob):
            with pytest.raises(NotFound):
                await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=key.key.id), by=other)
        assert await (await rig.access()).get(f"key.{hash_api_key(key.secret)}") is not None


async def test_a17_an_api_key_cannot_make_a_stronger_one() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        made = await rig.call(
            auth.CREATE_KEY,
            auth.CreateKey(name="k", scopes=("account",), models=("small",), expires_in_s=100),
            by=tokens,
        )
        weak = identity_of(tokens, session_id=None, key_id=made.key.id, scopes=("account",), models=("small",))
        for stronger in (
            auth.CreateKey(name="k", scopes=("inference",)),
            auth.CreateKey(name="k", scopes=("account", "admin")),
            auth.CreateKey(name="k", scopes=("account",), models=("small", "large")),
        ):
            with pytest.raises(Forbidden):
                await rig.call(auth.CREATE_KEY, stronger, by=weak)
        child = (await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k", scopes=("account",)), by=weak)).key
        assert (child.models, child.expires_at) == (("small",), made.key.expires_at)


async def test_a10_a_revoked_key_is_gone_from_what_gateways_read_when_the_call_returns() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        made = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=tokens)
        await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=made.key.id), by=tokens)
        assert await (await rig.access()).range("key") == []
        listed = (await rig.call(auth.LIST_KEYS, by=tokens)).items
        assert [key.revoked_at for key in listed] == [rig.clock.now()]
        await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=made.key.id), by=tokens)
        with pytest.raises(NotFound):
            await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=KeyId("key_unknown")), by=tokens)
