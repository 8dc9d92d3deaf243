from __future__ import annotations

from pathlib import Path

import pytest

from covey.domain.mesh_permissions import ROLES
from covey.errors import BadSettings, StartFailed
from covey.facilities.mesh_identities import (
    MeshIdentities,
    callers_of,
    new_seed,
    public_key_of,
    signing_key_of,
    verifying_key_of,
    write_secret,
)


@pytest.fixture
def identities(tmp_path: Path) -> MeshIdentities:
    made = MeshIdentities(tmp_path / "identities")
    made.prepare()
    return made


def test_seeds_are_made_once_distinct_and_owner_readable_only(identities: MeshIdentities) -> None:
    seeds = {role: identities.seed(role) for role in ROLES}
    assert len(set(seeds.values())) == len(ROLES)
    identities.prepare()
    assert {role: identities.seed(role) for role in ROLES} == seeds
    assert identities.directory.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in identities.directory.iterdir()) == sorted(
        ["callers.json", *(f"{role}.seed" for role in ROLES)]
    )
    assert {path.stat().st_mode & 0o777 for path in identities.directory.iterdir()} == {0o600}


def test_public_key_belongs_to_the_seed_and_is_one_of_a_user(identities: MeshIdentities) -> None:
    assert identities.public_key("auth") == public_key_of(identities.seed("auth"), "auth")
    assert identities.public_key("auth").startswith("U")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_seed_open_to_others_is_refused(identities: MeshIdentities, mode: int) -> None:
    (identities.directory / "auth.seed").chmod(mode)
    with pytest.raises(StartFailed, match="auth.seed of the mesh is open to others: chmod it to 600"):
        identities.prepare()


def test_folder_open_to_others_is_refused(identities: MeshIdentities) -> None:
    identities.directory.chmod(0o755)
    with pytest.raises(StartFailed, match="chmod it to 700"):
        identities.prepare()


@pytest.mark.parametrize("text", ["", "hello", new_seed()[:-2], "SAAAAAAAAAAA"])
def test_damaged_seed_is_refused_without_being_shown(identities: MeshIdentities, text: str) -> None:
    (identities.directory / "auth.seed").write_text(text)
    with pytest.raises(StartFailed, match="identity of auth is damaged") as failure:
        identities.public_key("auth")
    assert not text or text not in failure.value.detail


def test_absent_seed_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="identity of auth cannot be read"):
        MeshIdentities(tmp_path).seed("auth")


def test_secret_that_another_process_made_first_wins(tmp_path: Path) -> None:
    path = tmp_path / "x.seed"
    write_secret(path, "first")
    write_secret(path, "second")
    assert path.read_text() == "first\n"
    assert [found.name for found in tmp_path.iterdir()] == ["x.seed"]


def test_the_keys_of_callers_are_known_beside_the_seeds(identities: MeshIdentities) -> None:
    known = identities.callers()
    assert known["gateway"] == identities.public_key("gateway")
    assert "operator" not in known
    assert callers_of("processor", known) == (known["gateway"], known["node"])
    assert callers_of("auth", known) == (known["gateway"], known["auth"], known["node"])
    assert MeshIdentities(identities.directory / "elsewhere").callers() == {}
    (identities.directory / "callers.json").write_bytes(b"no JSON")
    with pytest.raises(StartFailed):
        identities.callers()


def test_what_a_seed_signs_its_public_key_verifies() -> None:
    seed = new_seed()
    signed = signing_key_of(seed).sign(b"message")
    assert verifying_key_of(public_key_of(seed, "node")).verify(signed) == b"message"
    with pytest.raises(StartFailed):
        signing_key_of("SUnonsense")


@pytest.mark.parametrize("key", ["", "U", "U" * 56, new_seed(), public_key_of(new_seed(), "node").lower(), "\u00fc"])
def test_what_is_no_public_key_of_a_user_is_refused(key: str) -> None:
    with pytest.raises(BadSettings, match="caller"):
        verifying_key_of(key)
