"""Nodes and machines that join, against a server that answers like the platform API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.command_line import Ended, covey
from tests.helpers.platform_server import Answer, PlatformServer, platform_server

pytestmark = pytest.mark.sockets

INVITATIONS = "/covey/v1/nodes/invitations"
INVITATION = {"id": "UABC", "name": "gpu-1", "created_at": 1.0, "expires_at": 3601.0, "invited_by": "robin"}
JOINED = {"name": "gpu-1", "kind": "processor", "joined_at": 60.0, "invited_by": "robin"}
INSTANCE = {"service": "processor", "instance": "processor-1__gpu-1", "node": "gpu-1", "state": "serving"}


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        yield running


def call(server: PlatformServer, folder: Path, *arguments: str) -> Ended:
    return covey("--url", server.url, "--api-key", "k", *arguments, folder=folder)


def made() -> Answer:
    return Answer(
        201,
        {"invitation": INVITATION, "token": "t", "command": "covey join join-covey-x", "addresses": ["192.0.2.1:7422"]},
    )


def test_invite_prints_one_command_alone_on_standard_output(server: PlatformServer, tmp_path: Path) -> None:
    server.answers[f"POST {INVITATIONS}"] = made()
    ended = call(server, tmp_path, "node", "invite", "--name", "gpu-1", "--expires", "15m", "--address", "mesh.example")
    assert (ended.code, ended.out) == (0, "covey join join-covey-x\n")
    for told in ("README", "1970-01-01 01:00:01", "192.0.2.1:7422", "secret"):
        assert told in ended.err
    assert server.last(INVITATIONS).body == {"name": "gpu-1", "expires_in_s": 900, "addresses": ["mesh.example"]}


def test_invite_without_a_name_leaves_it_to_the_machine(server: PlatformServer, tmp_path: Path) -> None:
    server.answers[f"POST {INVITATIONS}"] = made()
    ended = call(server, tmp_path, "-o", "json", "node", "invite")
    assert json.loads(ended.out)["command"] == "covey join join-covey-x"
    assert server.last(INVITATIONS).body == {"expires_in_s": 3600, "addresses": []}


def test_invitations_that_are_open_are_listed(server: PlatformServer, tmp_path: Path) -> None:
    server.answers[f"GET {INVITATIONS}"] = Answer(200, {"accepts": True, "items": [INVITATION]})
    ended = call(server, tmp_path, "node", "invitations")
    assert "gpu-1" in ended.out
    assert "UABC" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("setting", "told"), [("mesh.server.join.address", "--accept-nodes"), (None, "does not run the mesh")]
)
def test_where_nobody_can_join_it_is_said_why(
    server: PlatformServer, tmp_path: Path, setting: str | None, told: str
) -> None:
    server.answers[f"GET {INVITATIONS}"] = Answer(200, {"accepts": False, "setting": setting, "items": []})
    ended = call(server, tmp_path, "node", "invitations")
    assert ended.code == 0
    assert told in ended.err


def test_revoke_and_remove_ask_for_just_that(server: PlatformServer, tmp_path: Path) -> None:
    server.answers[f"DELETE {INVITATIONS}/UABC"] = Answer(200, {})
    server.answers["DELETE /covey/v1/nodes/gpu-1"] = Answer(200, {})
    assert call(server, tmp_path, "node", "revoke", "UABC").code == 0
    ended = call(server, tmp_path, "node", "rm", "gpu-1")
    assert (ended.code, "gpu-1 is out" in ended.err) == (0, True)


def test_machines_are_listed_with_their_workers_or_as_away(server: PlatformServer, tmp_path: Path) -> None:
    there = {"name": "gpu-1", "instances": [INSTANCE], "joined": JOINED}
    away = {"name": "gpu-2", "instances": [], "joined": {**JOINED, "name": "gpu-2"}}
    own = {"name": "main", "instances": [{**INSTANCE, "node": "main"}], "joined": None}
    server.answers["GET /covey/v1/nodes"] = Answer(200, {"items": [there, away, own]})
    lines = call(server, tmp_path, "node", "list").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["gpu-1", "gpu-2", "main"]
    assert "1970-01-01 00:01:00" in lines[1]
    assert "away" in lines[2]
    assert lines[3].rstrip().endswith("-")
