"""Attacks on registration and login that the auth worker alone has to stand."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher

from covey.domain.throttle import AttemptBudget
from covey.errors import Conflict, CoveyError, Forbidden, InvalidRequest, TooManyAttempts, Unauthenticated
from covey.protocol import auth
from covey.protocol.auth import SessionTokens
from covey.workers.auth.config import PasswordHashConfig, ThrottleConfig
from covey.workers.auth.password_hashing import slots_for
from tests.helpers.auth_worker import AMPLE, PASSWORD, AuthRig, auth_config, auth_rig

WRONG = "not the password"


async def refusal(attempt: Any) -> tuple[type[CoveyError], str, str | None, float | None]:
    with pytest.raises(CoveyError) as caught:
        await attempt
    error = caught.value
    return type(error), error.detail, error.param, error.retry_after_s


async def populated(rig: AuthRig) -> None:
    admin = await rig.register("admin")
    await rig.register("alice")
    suspended = await rig.register("mallory")
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=suspended.user.id, status="suspended"), by=admin)


CASES = [("alice", WRONG), ("nobody", WRONG), ("nobody", PASSWORD), ("mallory", PASSWORD), ("mallory", WRONG),
         ("a1ice", PASSWORD), ("not a name!", WRONG), ("*", WRONG), ("", WRONG), ("x" * 100_000, WRONG)]  # fmt: skip


async def test_b1_every_refused_login_costs_the_same_work() -> None:
    async with auth_rig() as rig:
        await populated(rig)
        costs = []
        for username, password in CASES:
            before = rig.hashes
            await refusal(rig.login(username, password))
            costs.append(rig.hashes - before)
        assert costs == [1] * len(CASES)


async def test_b2_every_refused_login_reads_the_same() -> None:
    async with auth_rig() as rig:
        await populated(rig)
        answers = {await refusal(rig.login(*case)) for case in [*CASES, ("alice", "x" * 2000), ("nobody", "x" * 2000)]}
        assert len(answers) == 1
        assert answers.pop()[0] is Unauthenticated


async def test_b2_a_throttled_login_reads_the_same_for_a_name_that_does_not_exist() -> None:
    budget = AttemptBudget(burst=3, refill_s=60.0)
    throttle = ThrottleConfig(account=budget, device=AMPLE, network=AMPLE, registration=AMPLE)
    async with auth_rig(throttle=throttle) as rig:
        await populated(rig)
        answers = set()
        for username in ("alice", "nobody", "mallory"):
            for _ in range(3):
                await refusal(rig.login(username, WRONG, address="203.0.113.9"))
            answers.add(await refusal(rig.login(username, WRONG, address="203.0.113.9")))
        assert len(answers) == 1
        assert answers.pop()[0] is TooManyAttempts


async def test_b2_strangers_cannot_try_out_names_where_they_may_not_register() -> None:
    for policy in ("invitation", "closed"):
        async with auth_rig(registration=policy) as rig:
            await rig.register("alice")
            answers = {
                await refusal(rig.register(name, invitation=code))
                for name in ("alice", "nobody")
                for code in ("made up", "x" * 10_000, "é")
            }
            assert len(answers) == 1
            assert answers.pop()[0] is Forbidden


@pytest.mark.parametrize(
    "look_alike", ["Alice", "ALICE", "a1ice", "Ａｌｉｃｅ", "alıce", "alice ", "аlice", "al\u200bice", "alice\u0301"]
)
async def test_b3_a_look_alike_of_a_name_is_refused(look_alike: str) -> None:
    async with auth_rig() as rig:
        await rig.register("alice")
        with pytest.raises((Conflict, InvalidRequest)):
            await rig.register(look_alike)


@pytest.mark.parametrize(
    "name", ["a.b", "*", ">", "$SYS", "_INBOX.x", "../x", "a\r\nb", "x" * 1_000_000, "__proto__", "", "user.*"]
)
async def test_b4_a_name_never_becomes_part_of_a_key(name: str) -> None:
    async with auth_rig() as rig:
        await rig.register("admin")
        try:
            await rig.register(name)
        except InvalidRequest:
            await refusal(rig.login(name))
        keys = [entry.key for bucket in (await rig.auth(), await rig.access()) for entry in await bucket.range()]
        assert [key for key in keys if "admin" in key.split(".") or (name and name in key and len(name) > 1)] == []


@pytest.mark.parametrize(
    "field",
    ["role", "is_admin", "scopes", "user_id", "id", "status", "created_at", "password_hash", "session_id", "quota"],
)
@pytest.mark.parametrize(
    "kind",
    [auth.Register, auth.Login, auth.ChangePassword, auth.CreateKey, auth.CreateInvitation, auth.UpdateUser,
     auth.ResetPassword, auth.RefreshSession, auth.Logout],
)  # fmt: skip
def test_b5_a_field_that_a_client_may_not_set_is_refused(kind: type[msgspec.Struct], field: str) -> None:
    known = {each.name for each in msgspec.structs.fields(kind)}
    if field in known:
        assert (kind, field) in {
            (auth.CreateKey, "scopes"), (auth.CreateInvitation, "role"), (auth.UpdateUser, "role"),
            (auth.UpdateUser, "status"), (auth.UpdateUser, "user_id"), (auth.ResetPassword, "user_id"),
        }  # fmt: skip
        return
    samples = {"username": "x", "password": "x", "name": "x", "user_id": "x", "new_password": "x",
               "current_password": "x", "refresh_token": "x"}  # fmt: skip
    fields = {name: value for name, value in samples.items() if name in known}
    assert msgspec.convert(fields, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**fields, field: "admin"}, kind)


def throttled(**budgets: AttemptBudget) -> ThrottleConfig:
    fields: dict[str, Any] = {"account": AMPLE, "device": AMPLE, "network": AMPLE, "registration": AMPLE, **budgets}
    return ThrottleConfig(**fields)


async def test_b8_an_account_under_attack_lets_its_owner_in_from_where_they_were_before() -> None:
    budget = AttemptBudget(burst=5, refill_s=60.0)
    async with auth_rig(throttle=throttled(account=budget, device=budget)) as rig:
        await rig.register("alice", address="198.51.100.1")
        for number in range(20):
            await refusal(rig.login("alice", f"{WRONG}{number}", address=f"203.0.113.{number}"))
        before = rig.hashes
        with pytest.raises(TooManyAttempts) as caught:
            await rig.login("alice", address="203.0.113.99")
        assert 0 < (caught.value.retry_after_s or 0) <= 60.0
        assert rig.hashes == before
        assert await rig.login("alice", address="198.51.100.1")


async def test_b8_many_guesses_at_the_same_time_are_held_to_the_budget_exactly() -> None:
    async with auth_rig(throttle=throttled(account=AttemptBudget(burst=7, refill_s=60.0))) as rig:
        await rig.register("alice", address="198.51.100.1")
        before = rig.hashes
        answers = await asyncio.gather(*(refusal(rig.login("alice", WRONG, address="203.0.113.1")) for _ in range(50)))
        assert [kind for kind, *_ in answers].count(Unauthenticated) == 7
        assert rig.hashes - before == 7


async def test_b8_one_password_for_many_accounts_is_held_to_the_budget_of_the_address() -> None:
    async with auth_rig(throttle=throttled(network=AttemptBudget(burst=9, refill_s=60.0))) as rig:
        before = rig.hashes
        for number in range(40):
            await refusal(rig.login(f"user{number}", WRONG, address="2001:db8::1" if number % 2 else "2001:db8::2"))
        assert rig.hashes - before == 9


async def test_b8_people_who_log_in_rightly_are_not_counted() -> None:
    budget = AttemptBudget(burst=3, refill_s=1000.0)
    async with auth_rig(throttle=throttled(account=budget, device=budget, network=budget)) as rig:
        await rig.register("alice")
        for number in range(20):
            assert await rig.login("alice", address=f"203.0.113.{number % 3}")


async def test_b8_a_stolen_session_cannot_try_out_passwords() -> None:
    async with auth_rig(throttle=throttled(device=AttemptBudget(burst=4, refill_s=60.0))) as rig:
        tokens = await rig.register("alice")
        request = auth.ChangePassword(current_password=WRONG, new_password="something else 1")
        answers = [await refusal(rig.call(auth.CHANGE_PASSWORD, request, by=tokens)) for _ in range(10)]
        assert [kind for kind, *_ in answers] == [Forbidden] * 4 + [TooManyAttempts] * 6


class Turnstile:
    """Stands in the way of Argon2 and counts who is inside."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()
        self._open = threading.Event()

    def hash(self, password: str) -> str:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._open.wait(10.0)
        with self._lock:
            self.inside -= 1
        return PasswordHasher(1, 8, 1).hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        self.hash(password)
        return False

    def open(self) -> None:
        self._open.set()


async def test_b9_logins_at_the_same_time_are_few_the_rest_waits_and_the_surplus_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = auth_config(password_hash=PasswordHashConfig(time_cost=1, memory_kib=8, max_waiting=10))
    async with auth_rig(config) as rig:
        await rig.register("alice")
        turnstile = Turnstile()
        monkeypatch.setattr(PasswordHasher, "verify", lambda _, known, given: turnstile.verify(known, given))
        tasks = [asyncio.create_task(refusal(rig.login(f"user{number}", WRONG))) for number in range(200)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        turnstile.open()
        answers = await asyncio.gather(*tasks)
        kinds = [kind for kind, *_ in answers]
        slots = slots_for(0)
        assert turnstile.most <= slots
        assert kinds.count(Unauthenticated) == slots + 10
        assert kinds.count(TooManyAttempts) == 200 - slots - 10
        assert all(after is not None and after >= 1 for kind, _, _, after in answers if kind is TooManyAttempts)
        assert done


async def test_b9_a_password_that_is_too_long_is_not_hashed() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        before = rig.hashes
        await refusal(rig.login("alice", "x" * 1_000_000))
        await refusal(rig.register("bob", "x" * 1_000_000))
        request = auth.ChangePassword(current_password="x" * 1_000_000, new_password="y" * 1_000_000)
        await refusal(rig.call(auth.CHANGE_PASSWORD, request, by=tokens))
        assert rig.hashes == before


async def test_b10_a_flood_of_registrations_is_held_to_the_budget() -> None:
    async with auth_rig(throttle=throttled(registration=AttemptBudget(burst=6, refill_s=60.0))) as rig:
        found: list[Any] = await asyncio.gather(
            *(rig.register(f"user{number}") for number in range(100)), return_exceptions=True
        )
        assert sum(isinstance(each, SessionTokens) for each in found) == 6
        assert sum(isinstance(each, TooManyAttempts) for each in found) == 94
        assert await rig.register("elsewhere", address="203.0.113.1")


@pytest.mark.parametrize("password", ["short", "password123", "aaaaaaaaaaaa", "alice.smith", "ALICE.SMITH"])
async def test_b10_a_weak_password_is_refused(password: str) -> None:
    async with auth_rig() as rig:
        assert (await refusal(rig.register("alice.smith", password)))[0] is InvalidRequest


async def test_b11_of_fifty_first_registrations_exactly_one_administers() -> None:
    async with auth_rig(workers=3) as rig:
        made = await asyncio.gather(*(rig.register(f"user{number}", to=f"auth-{number % 3}") for number in range(50)))
        assert [tokens.user.role for tokens in made].count("admin") == 1
        claims = [await rig.verify(tokens.access_token) for tokens in made]
        assert [claim.role for claim in claims].count("admin") == 1


async def test_b11_where_registration_is_closed_the_first_account_is_the_only_one() -> None:
    async with auth_rig(workers=2, registration="closed") as rig:
        found = await asyncio.gather(
            *(rig.register(f"user{number}", to=f"auth-{number % 2}") for number in range(20)), return_exceptions=True
        )
        assert sum(isinstance(each, SessionTokens) for each in found) == 1
        assert sum(isinstance(each, Forbidden) for each in found) == 19


async def test_b11_a_name_is_given_once_however_many_ask_at_the_same_time() -> None:
    async with auth_rig(workers=2) as rig:
        found = await asyncio.gather(
            *(rig.register("alice", to=f"auth-{number % 2}") for number in range(20)), return_exceptions=True
        )
        assert sum(isinstance(each, SessionTokens) for each in found) == 1
        assert sum(isinstance(each, Conflict) for each in found) == 19


async def test_b11_an_invitation_is_used_once_however_many_ask_at_the_same_time() -> None:
    async with auth_rig(workers=2, registration="invitation") as rig:
        admin = await rig.register("admin")
        code = (await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)).code
        found = await asyncio.gather(
            *(rig.register(f"user{number}", invitation=code, to=f"auth-{number % 2}") for number in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, SessionTokens) for each in found) == 1
        assert sum(isinstance(each, Forbidden) for each in found) == 19


async def test_b11_two_administrators_who_demote_each_other_leave_one() -> None:
    async with auth_rig(workers=2) as rig:
        first = await rig.register("first")
        second = await rig.register("second")
        await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=second.user.id, role="admin"), by=first)
        second = await rig.login("second")
        await asyncio.gather(
            rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=second.user.id, role="member"), by=first),
            rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=first.user.id, role="member"), by=second, to="auth-1"),
            return_exceptions=True,
        )
        users = [(await rig.login(name)).user.role for name in ("first", "second")]
        assert users.count("admin") == 1
