"""The command line against a running node: what administrators do with it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import Ended, covey
from tests.helpers.covey_process import PASSWORD, CoveyProcess, eventually_true, one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

Call = Callable[..., Ended]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoveyProcess]:
    with one_process(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(node: CoveyProcess, tmp_path_factory: pytest.TempPathFactory) -> Call:
    folder = tmp_path_factory.mktemp("admin")
    PlatformClient(node.url).register("root").close()
    return caller(node, folder, "root")


def caller(node: CoveyProcess, folder: Path, name: str) -> Call:
    def call(*arguments: str, code: int = 0) -> Ended:
        ended = covey(*arguments, folder=folder)
        assert ended.code == code, ended
        return ended

    assert covey("context", "save", "node", node.url, folder=folder).code == 0
    ended = covey("auth", "login", name, "--password-stdin", folder=folder, stdin=f"{PASSWORD}\n")
    assert ended.code == 0, ended.err
    return call


@pytest.fixture
def member(node: CoveyProcess) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url)
    status, _ = client.ask("POST", "/covey/v1/auth/register", {"username": "robin", "password": PASSWORD})
    assert status in (201, 409)
    client.bearer = client.login("robin")["access_token"]
    yield client
    client.close()


def as_json(call: Call, *arguments: str) -> Any:
    return json.loads(call(*arguments, "-o", "json").out)


def test_the_overview_tells_how_the_service_is(admin: Call) -> None:
    ended = admin("overview")
    assert "health" in ended.out
    assert "good" in ended.out
    found = as_json(admin, "overview")
    assert found["users"] >= 1
    assert found["health"]["mesh"] is True


def test_what_is_decided_about_a_model_is_set_shown_and_taken_back(admin: Call, member: PlatformClient) -> None:
    admin("model", "settings", "set", "sample", "-p", "temperature=0.2", "--alias", "fast", "--description", "Quick")
    admin("model", "settings", "set", "sample", "-p", "top_p=0.9", "--user", "robin")
    found = as_json(admin, "model", "settings", "show", "sample")
    assert (found["aliases"], found["description"]) == (["fast"], "Quick")
    assert (found["sampling"]["temperature"], found["sampling"]["top_p"]) == (0.2, 0.9)
    user_id = member.must("GET", "/covey/v1/me")["id"]
    assert (found["access"]["kind"], found["access"]["users"]) == ("users", [user_id])
    answer = member.must(
        "POST", "/v1/chat/completions", {"model": "fast", "messages": [{"role": "user", "content": "x"}]}
    )
    assert answer["choices"]
    admin(
        "model",
        "settings",
        "set",
        "sample",
        "-p",
        "temperature=",
        "--no-aliases",
        "--description",
        "",
        "--access",
        "all",
    )
    found = as_json(admin, "model", "settings", "show", "sample")
    assert (found["aliases"], found["description"], found["sampling"]["temperature"]) == ([], None, None)
    assert "top_p=0.9" in admin("model", "settings", "show", "sample").out
    admin("model", "settings", "reset", "sample")
    assert as_json(admin, "model", "settings", "show", "sample")["updated_at"] is None
    admin("model", "settings", "set", "sample", "-p", "temperature=9", code=1)
    admin("model", "settings", "set", "sample", "-p", "nonsense", code=2)
    admin("model", "settings", "set", "sample", "-p", "temperture=0.5", code=2)
    admin("model", "settings", "set", "sample", "--user", "nobody-here", code=3)


def test_the_catalogue_is_searched(admin: Call) -> None:
    everything = as_json(admin, "catalogue")
    assert everything
    name = everything[0]["name"]
    assert name in [item["name"] for item in as_json(admin, "catalogue", name.upper())]
    assert as_json(admin, "catalogue", name, "no model says this") == []


def test_downloads_are_listed_and_cancelled_by_id(admin: Call) -> None:
    assert as_json(admin, "pull", "--list") == []
    assert "there is no such pull" in admin("pull", "--cancel", "pull_nothing", code=3).err
    admin("pull", code=2)
    admin("pull", "x", "--list", code=2)


def test_keys_and_sessions_of_others_are_listed_and_ended(admin: Call, member: PlatformClient) -> None:
    secret = member.key("theirs")
    by_key = PlatformClient(member.url, secret)
    (key,) = [key for key in as_json(admin, "user", "keys", "list", "Robin") if key["name"] == "theirs"]
    admin("user", "keys", "revoke", "robin", key["id"])
    eventually_true(lambda: by_key.ask("GET", "/v1/models")[0] == 401, what="the key's end")
    by_key.close()
    assert as_json(admin, "user", "sessions", "list", "robin")
    admin("user", "sessions", "end", "robin")
    assert as_json(admin, "user", "sessions", "list", "robin") == []
    eventually_true(lambda: member.ask("GET", "/covey/v1/me")[0] == 401, what="the session's end")
    admin("user", "keys", "list", "nobody-here", code=3)


def test_users_are_searched_and_invitations_listed(admin: Call, member: PlatformClient) -> None:
    assert [user["username"] for user in as_json(admin, "user", "list", "--search", "ROB")] == ["robin"]
    admin("user", "invite")
    (invitation,) = as_json(admin, "user", "invitations")
    assert invitation["state"] == "open"
    admin("user", "uninvite", invitation["id"])
    assert as_json(admin, "user", "invitations")[0]["state"] == "revoked"


def test_usage_and_requests_are_csv_from_the_service(admin: Call, member: PlatformClient) -> None:
    member.must("POST", "/v1/chat/completions", {"model": "sample", "messages": [{"role": "user", "content": "x"}]})

    def rows(*arguments: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(admin(*arguments, "-o", "csv").out)))

    eventually_true(lambda: any(row["username"] == "robin" for row in rows("usage", "--user", "*")), what="usage")
    found = rows("requests", "--model", "sample", "--since", "1h")
    assert {row["outcome"] for row in found} == {"ok"}
    assert rows("requests", "--outcome", "failed") == []
    assert rows("requests", "--request", found[0]["request_id"]) == found[:1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("overview",), ("catalogue",), ("user", "list"), ("user", "invitations"), ("requests",), ("usage",), ("audit",),
        ("pull", "--list"), ("model", "settings", "show", "sample"), ("ls",), ("node", "list"), ("key", "list"),
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_every_list_can_be_had_in_every_form(admin: Call, arguments: tuple[str, ...], output: str) -> None:
    ended = admin(*arguments, "-o", output)
    if output == "json":
        json.loads(ended.out)
    elif output == "jsonl":
        assert all(json.loads(line) is not None for line in ended.out.splitlines())
    elif output == "csv":
        assert len({len(row) for row in csv.reader(io.StringIO(ended.out))}) == 1


def test_members_are_told_that_they_may_not(node: CoveyProcess, member: PlatformClient, tmp_path: Path) -> None:
    call = caller(node, tmp_path, "robin")
    for arguments in (("overview",), ("user", "list"), ("pull", "--list"), ("user", "keys", "list", "root")):
        assert "Error:" in call(*arguments, code=5).err
