from __future__ import annotations

import base64
import binascii

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.machines import (
    LONGEST_S,
    MOST_OPEN_INVITATIONS,
    SHORTEST_S,
    Invitation,
    Machine,
    Machines,
    checked_name,
    free_name,
    is_public_key,
)
from covey.errors import Conflict, CoveyError, Forbidden, InvalidRequest, NotFound, Overloaded

NOW = 1_000_000.0


def key(number: int, prefix: int = 20 << 3) -> str:
    body = bytes([prefix]) + number.to_bytes(32, "big")
    return base64.b32encode(body + binascii.crc_hqx(body, 0).to_bytes(2, "little")).decode().rstrip("=")


def invitation(number: int = 1, name: str | None = None, lasts_s: float = 3600.0) -> Invitation:
    return Invitation(public_key=key(number), name=name, created_at=NOW, expires_at=NOW + lasts_s, invited_by="robin")


def applicant(number: int = 100, name: str = "box") -> Machine:
    return Machine(name=name, public_key=key(number), joined_at=0.0, invited_by="somebody else", version="1" * 99)


def test_an_invitation_lets_one_machine_in_and_is_gone() -> None:
    machines = Machines().invited(invitation(), NOW, ())
    after, machine = machines.admitted(key(1), applicant(), NOW + 5, ())
    assert after.invitations == ()
    assert after.machines == (machine,)
    assert (machine.name, machine.joined_at, machine.invited_by, len(machine.version)) == ("box", NOW + 5, "robin", 40)
    with pytest.raises(Forbidden):
        after.admitted(key(1), applicant(101), NOW + 6, ())


def test_expired_revoked_and_unknown_invitations_let_nobody_in() -> None:
    machines = Machines().invited(invitation(), NOW, ())
    for records, when in ((machines, NOW + 3600), (machines.revoked(key(1)), NOW), (Machines(), NOW)):
        with pytest.raises(Forbidden):
            records.admitted(key(1), applicant(), when, ())
    with pytest.raises(NotFound):
        Machines().revoked(key(1))


def test_the_name_of_the_invitation_counts_more_than_that_of_the_machine() -> None:
    machines = Machines().invited(invitation(name="gpu"), NOW, ())
    assert machines.admitted(key(1), applicant(name="own"), NOW, ())[1].name == "gpu"


def test_names_are_unique_whatever_their_case() -> None:
    machines = Machines().invited(invitation(1), NOW, ()).invited(invitation(2), NOW, ())
    machines, first = machines.admitted(key(1), applicant(100, "Box"), NOW, ("main",))
    machines, second = machines.admitted(key(2), applicant(101, "box"), NOW, ("main",))
    assert (first.name, second.name) == ("Box", "box-2")
    for name in ("BOX", "MAIN", "box-2"):
        with pytest.raises(Conflict):
            machines.invited(invitation(3, name), NOW, ("main",))
    with pytest.raises(Conflict):
        machines.invited(invitation(3, "new"), NOW, ()).invited(invitation(4, "NEW"), NOW, ())


def test_a_name_that_was_taken_meanwhile_is_refused_and_the_invitation_stays() -> None:
    machines = Machines().invited(invitation(name="gpu"), NOW, ())
    with pytest.raises(Conflict):
        machines.admitted(key(1), applicant(), NOW, ("GPU",))
    assert machines.admitted(key(1), applicant(), NOW, ())[1].name == "gpu"


def test_a_key_serves_one_machine_only() -> None:
    machines = Machines().invited(invitation(1), NOW, ()).invited(invitation(2), NOW, ())
    machines, _ = machines.admitted(key(1), applicant(100), NOW, ())
    for number in (100, 2):
        with pytest.raises(Conflict):
            machines.admitted(key(2), applicant(number, "other"), NOW, ())


def test_a_machine_is_removed_by_its_exact_name() -> None:
    machines, _ = Machines().invited(invitation(), NOW, ()).admitted(key(1), applicant(), NOW, ())
    with pytest.raises(NotFound):
        machines.removed("BOX")
    assert machines.removed("box").machines == ()


@pytest.mark.parametrize("lasts_s", [SHORTEST_S - 1, LONGEST_S + 1, -5.0])
def test_invitations_last_a_minute_to_a_week(lasts_s: float) -> None:
    with pytest.raises(InvalidRequest):
        Machines().invited(invitation(lasts_s=lasts_s), NOW, ())


def test_open_invitations_are_bounded_and_swept() -> None:
    machines = Machines()
    for number in range(MOST_OPEN_INVITATIONS):
        machines = machines.invited(invitation(number, lasts_s=60.0 + number), NOW, ())
    with pytest.raises(Overloaded):
        machines.invited(invitation(999), NOW, ())
    assert machines.next_expiry() == NOW + 60
    assert len(machines.swept(NOW + 70).invitations) == MOST_OPEN_INVITATIONS - 11
    assert Machines().next_expiry() is None


@pytest.mark.parametrize("name", ["", "a" * 33, "a b", "a.b", "ä", "a\n", "*", ">", "a/b", '"', "$SYS"])
def test_names_that_could_do_harm_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_name(name)
    with pytest.raises(InvalidRequest):
        Machines().invited(invitation(), NOW, ()).admitted(key(1), applicant(name=name), NOW, ())


def test_free_names_fit() -> None:
    assert free_name("box", set()) == "box"
    assert free_name("box", {"box", "box-2"}) == "box-3"
    assert checked_name(free_name("b" * 32, {"b" * 32}))


@pytest.mark.parametrize("prefix", [0, 1 << 3, 13 << 3, 14 << 3, 18 << 3])
def test_keys_of_servers_accounts_and_operators_are_none_of_users(prefix: int) -> None:
    assert is_public_key(key(1))
    assert not is_public_key(key(1, prefix))


@given(st.text(max_size=70))
def test_no_other_text_is_a_public_key(text: str) -> None:
    assert not is_public_key(text)
    assert not is_public_key(key(1) + text) or text == ""


@given(st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_letter_is_noticed(position: int, letter: str) -> None:
    good = key(1)
    changed = good[:position] + letter + good[position + 1 :]
    assert is_public_key(changed) == (changed == good)


@given(st.lists(st.tuples(st.sampled_from(["invite", "admit", "revoke", "remove", "sweep"]), st.integers(0, 5))))
def test_names_and_keys_stay_unique_and_records_survive_their_file(steps: list[tuple[str, int]]) -> None:
    machines, now = Machines(), NOW
    for step, number in steps:
        now += 30.0
        try:
            match step:
                case "invite":
                    machines = machines.invited(
                        msgspec.structs.replace(invitation(number), expires_at=now + 60 * (1 + number)), now, ("main",)
                    )
                case "admit":
                    machines, _ = machines.admitted(key(number), applicant(100 + number, "n"), now, ("main",))
                case "revoke":
                    machines = machines.revoked(key(number))
                case "remove":
                    machines = machines.removed("n" if number == 0 else f"n-{number}")
                case _:
                    machines = machines.swept(now)
        except CoveyError:
            continue
        names = [machine.name.casefold() for machine in machines.machines]
        keys = [machine.public_key for machine in machines.machines]
        assert len(set(names)) == len(names)
        assert len(set(keys)) == len(keys)
        assert msgspec.json.decode(msgspec.json.encode(machines), type=Machines) == machines
