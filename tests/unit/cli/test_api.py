from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from covey.cli.api import Api
from covey.cli.contexts import Context, ContextFile, Credentials
from covey.cli.failures import CommandFailed
from tests.helpers.platform_server import Answer, Asked, PlatformServer, completion, platform_server

pytestmark = pytest.mark.sockets


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        yield running


def api_for(server: PlatformServer, folder: Path, credentials: Credentials) -> Api:
    return Api(Context("default", server.url), ContextFile.read(folder), credentials)


@pytest.mark.parametrize(
    ("status", "code"), [(401, 4), (403, 5), (404, 3), (409, 8), (429, 5), (500, 1), (502, 6), (503, 6), (504, 7)]
)
def test_each_status_has_its_exit_code(server: PlatformServer, tmp_path: Path, status: int, code: int) -> None:
    server.answers["GET /x"] = Answer(status, {"detail": "why"})
    with pytest.raises(CommandFailed, match="why") as caught:
        api_for(server, tmp_path, Credentials(api_key="k")).get("/x")
    assert caught.value.exit_code == code
    assert caught.value.request_id == "req_test"


def test_an_expired_session_is_renewed_once_and_kept(server: PlatformServer, tmp_path: Path) -> None:
    def me(asked: Asked) -> Answer:
        good = asked.headers.get("authorization") == "Bearer new"
        return Answer(200, {"username": "u"}) if good else Answer(401, {"detail": "expired"})

    server.answers["GET /me"] = me
    server.answers["POST /covey/v1/auth/refresh"] = Answer(200, {"access_token": "new", "refresh_token": "r2"})
    api = api_for(server, tmp_path, Credentials(access_token="old", refresh_token="r1"))
    assert api.get("/me") == {"username": "u"}
    assert ContextFile.read(tmp_path).credentials("default") == Credentials("new", "r2")
    assert server.last("/covey/v1/auth/refresh").body == {"refresh_token": "r1"}


def test_what_is_done_after_a_renewal_is_done_once_and_its_answer_read(server: PlatformServer, tmp_path: Path) -> None:
    def keys(asked: Asked) -> Answer:
        good = asked.headers.get("authorization") == "Bearer new"
        return Answer(201, {"secret": "s"}) if good else Answer(401, {"detail": "expired" * 200})

    server.answers["POST /keys"] = keys
    server.answers["POST /covey/v1/auth/refresh"] = Answer(200, {"access_token": "new", "refresh_token": "r2"})
    api = api_for(server, tmp_path, Credentials(access_token="old", refresh_token="r1"))
    assert api.post("/keys", {}) == {"secret": "s"}
    assert [asked.path for asked in server.asked] == ["/keys", "/covey/v1/auth/refresh", "/keys"]


def test_commands_at_the_same_time_renew_a_session_once(server: PlatformServer, tmp_path: Path) -> None:
    good = {"token": "old"}

    def me(asked: Asked) -> Answer:
        fits = asked.headers.get("authorization") == f"Bearer {good['token']}" and good["token"] != "old"
        return Answer(200, {"username": "u"}) if fits else Answer(401, {"detail": "expired"})

    def refresh(asked: Asked) -> Answer:
        if asked.body != {"refresh_token": "r1"}:
            return Answer(401, {"detail": "used already"})
        good["token"] = "new"
        return Answer(200, {"access_token": "new", "refresh_token": "r2"})

    server.answers["GET /me"], server.answers["POST /covey/v1/auth/refresh"] = me, refresh
    ContextFile.read(tmp_path).keep_credentials("default", Credentials("old", "r1"))
    commands = [api_for(server, tmp_path, Credentials(access_token="old", refresh_token="r1")) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda api: api.get("/me"), commands)) == [{"username": "u"}] * 4
    assert len([asked for asked in server.asked if asked.path == "/covey/v1/auth/refresh"]) == 1


def test_a_stream_ends_at_done_and_an_error_inside_it_fails(server: PlatformServer, tmp_path: Path) -> None:
    server.answers["POST /s"] = Answer(lines=completion("a", "b"))
    api = api_for(server, tmp_path, Credentials(api_key="k"))
    events = list(api.stream("POST", "/s", {}))
    assert [event["choices"][0]["delta"]["content"] for event in events[:2]] == ["a", "b"]
    server.answers["POST /s"] = Answer(lines=['data: {"error": {"message": "engine gone"}}\n\n'])
    with pytest.raises(CommandFailed, match="engine gone"):
        list(api.stream("POST", "/s", {}))


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("stream_interrupted", 6),
        ("overloaded", 6),
        ("deadline_exceeded", 7),
        ("rate_limit_exceeded", 5),
        ("invalid_api_key", 4),
        ("model_not_found", 3),
        ("internal", 1),
        ("of_another_service", 1),
    ],
)
def test_an_error_inside_a_stream_ends_the_command_as_it_does_before_one(
    server: PlatformServer, tmp_path: Path, code: str, exit_code: int
) -> None:
    server.answers["POST /s"] = Answer(lines=[f'data: {{"error": {{"message": "no more", "code": "{code}"}}}}\n\n'])
    with pytest.raises(CommandFailed, match="no more") as raised:
        list(api_for(server, tmp_path, Credentials(api_key="k")).stream("POST", "/s", {}))
    assert raised.value.exit_code == exit_code


def test_an_answer_that_is_not_json_is_an_error(server: PlatformServer, tmp_path: Path) -> None:
    server.answers["GET /x"] = Answer(lines=["<html>"])
    with pytest.raises(CommandFailed, match="not JSON"):
        api_for(server, tmp_path, Credentials()).get("/x")


def test_debug_output_never_shows_the_credential(
    server: PlatformServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["GET /x"] = Answer(200, {})
    Api(Context("d", server.url), ContextFile.read(tmp_path), Credentials(api_key="canary"), debug=True).get("/x")
    shown = capsys.readouterr().err
    assert "GET" in shown
    assert "canary" not in shown
