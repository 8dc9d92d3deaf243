from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from covey.assembly.joining import joined_settings
from covey.assembly.mesh_access import MeshAccess
from covey.errors import BadSettings, Forbidden
from covey.facilities.membership import Membership, MembershipFiles
from covey.facilities.mesh_identities import MeshIdentities, new_seed, public_key_of, signing_key_of
from covey.rpc.signing import CallSignatures
from covey.settings import MeshConfig, NodeConfig, Settings

URL = "nats://127.0.0.1:4222"
HEADERS = {"Covey-Request-Id": "req_1"}


def signatures(folder: Path, role: str, caller_keys: tuple[str, ...] = ()) -> CallSignatures:
    settings = Settings(node=NodeConfig(data_dir=str(folder)), mesh=MeshConfig(url=URL, caller_keys=caller_keys))
    files = MembershipFiles(folder)
    membership = files.load()
    if membership is not None:
        settings = joined_settings(settings, membership, files)
    access = MeshAccess(settings, role, membership)
    return access.call_signatures(access.connection_config((URL,)))


def test_processes_of_one_data_directory_believe_each_other_as_far_as_they_may_call(tmp_path: Path) -> None:
    MeshIdentities(tmp_path / "mesh" / "identities").prepare()
    processor, auth = signatures(tmp_path, "processor"), signatures(tmp_path, "auth")
    signed = signatures(tmp_path, "gateway").sign("processor", "s", "r", HEADERS, b"")
    processor.check("processor", "s", "r", signed)
    auth.check("auth", "s", "r", signed)
    auth.check("auth", "s", "r", auth.sign("auth", "s", "r", HEADERS, b""))
    for stranger in (HEADERS, signatures(tmp_path, "client").sign("processor", "s", "r", HEADERS, b"")):
        with pytest.raises(Forbidden):
            processor.check("processor", "s", "r", stranger)
        with pytest.raises(Forbidden):
            auth.check("auth", "s", "r", stranger)


def test_named_keys_come_before_those_that_are_known(tmp_path: Path) -> None:
    MeshIdentities(tmp_path / "mesh" / "identities").prepare()
    seed = new_seed()
    processor = signatures(tmp_path, "processor", caller_keys=(public_key_of(seed, "gateway"),))
    own = CallSignatures(signing_key_of(seed), public_key_of(seed, "gateway"))
    processor.check("processor", "s", "r", own.sign("processor", "s", "r", HEADERS, b""))
    with pytest.raises(Forbidden):
        processor.check(
            "processor", "s", "r", signatures(tmp_path, "gateway").sign("processor", "s", "r", HEADERS, b"")
        )
    with pytest.raises(BadSettings, match="caller"):
        signatures(tmp_path, "processor", caller_keys=("nonsense",))


def test_a_machine_that_joined_believes_whom_it_was_told_of(tmp_path: Path) -> None:
    seed = new_seed()
    files = MembershipFiles(tmp_path)
    (tmp_path / "mesh").mkdir(mode=0o700)
    member = Membership(node="box", addresses=("127.0.0.1:1",), callers=(public_key_of(seed, "gateway"),))
    files.save(member, new_seed(), "PEM")
    joined = signatures(tmp_path, "processor")
    own = CallSignatures(signing_key_of(seed), public_key_of(seed, "gateway"))
    joined.check("processor", "s", "r", own.sign("processor", "s", "r", HEADERS, b""))
    with pytest.raises(Forbidden):
        joined.check("processor", "s", "r", HEADERS)
    files.save(msgspec.structs.replace(member, callers=()), new_seed(), "PEM")
    signatures(tmp_path, "processor").check("processor", "s", "r", HEADERS)  # it joined before there were any
