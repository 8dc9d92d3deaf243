"""The commands against a server that answers like the platform API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import Ended, covey
from tests.helpers.platform_server import Answer, PlatformServer, completion, platform_server

pytestmark = pytest.mark.sockets

USER = {"id": "usr_1", "username": "robin", "role": "admin", "created_at": 1.0}
TOKENS = {"access_token": "a", "refresh_token": "r", "session_id": "s", "user": USER}
MODEL = {"name": "small", "state": "loaded", "engine": "llamacpp", "size_bytes": 98_000_000, "is_default": True}
CATALOGUE = {"items": [{"model": MODEL, "instances": ["i"], "nodes": ["n"]}]}


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        running.answers.update(
            {
                "GET /readyz": Answer(200, {"status": "ok"}),
                "GET /livez": Answer(200, {"status": "ok"}),
                "GET /covey/v1/me": Answer(200, USER),
                "GET /covey/v1/models": Answer(200, CATALOGUE),
                "POST /v1/chat/completions": Answer(lines=completion("Hel", "lo")),
            }
        )
        yield running


class Caller:
    def __init__(self, server: PlatformServer, folder: Path) -> None:
        self._base = ("--url", server.url, "--api-key", "k")
        self._folder = folder

    def __call__(self, *arguments: str, stdin: str = "") -> Ended:
        return covey(*self._base, *arguments, folder=self._folder, stdin=stdin)


@pytest.fixture
def call(server: PlatformServer, tmp_path: Path) -> Caller:
    return Caller(server, tmp_path)


def test_register_keeps_the_session_in_the_current_context(server: PlatformServer, tmp_path: Path) -> None:
    server.answers["POST /covey/v1/auth/register"] = Answer(201, TOKENS)
    covey("context", "save", "box", server.url, folder=tmp_path)
    ended = covey("auth", "register", "robin", "--password-stdin", folder=tmp_path, stdin="correct horse\n")
    assert (ended.code, "administrator" in ended.err) == (0, True)
    assert server.last("/covey/v1/auth/register").body["password"] == "correct horse"
    assert json.loads((tmp_path / "credentials.json").read_text())["box"]["access_token"] == "a"
    assert json.loads(covey("-o", "json", "auth", "whoami", folder=tmp_path).out)["username"] == "robin"
    assert server.last("/covey/v1/me").headers["authorization"] == "Bearer a"


def test_a_context_secret_never_goes_to_another_address(server: PlatformServer, tmp_path: Path) -> None:
    covey("context", "save", "box", "http://127.0.0.1:9", folder=tmp_path)
    covey("auth", "login", "--with-token", folder=tmp_path, stdin="canary\n")
    (tmp_path / "credentials.json").write_text(json.dumps({"box": {"api_key": "canary"}}))
    ended = covey("--url", server.url, "auth", "whoami", folder=tmp_path)
    assert ended.code == 4
    assert server.asked == []


def test_logout_forgets_the_secret_even_when_the_service_says_no(server: PlatformServer, tmp_path: Path) -> None:
    covey("context", "save", "box", server.url, folder=tmp_path)
    (tmp_path / "credentials.json").write_text(json.dumps({"box": {"access_token": "a"}}))
    server.answers["POST /covey/v1/auth/logout"] = Answer(503, {"detail": "busy"})
    assert covey("auth", "logout", folder=tmp_path).code == 6
    assert json.loads((tmp_path / "credentials.json").read_text()) == {}


def test_without_a_login_a_command_exits_with_4(tmp_path: Path) -> None:
    ended = covey("ls", folder=tmp_path)
    assert ended.code == 4
    assert "covey auth login" in ended.err


def test_ls_prints_a_table_and_json(call: Caller) -> None:
    table = call("ls").out.splitlines()
    assert table[0].split()[:3] == ["NAME", "STATE", "ENGINE"]
    assert table[1].split()[:4] == ["small", "loaded", "llamacpp", "98.0"]
    assert json.loads(call("-o", "json", "ls").out) == CATALOGUE["items"]
    assert json.loads(call("-o", "jsonl", "ls").out)["model"]["name"] == "small"


def test_run_streams_the_answer_and_takes_a_pipe_before_the_prompt(server: PlatformServer, call: Caller) -> None:
    ended = call("run", "--stats", "-s", "be brief", "-p", "temperature=0.2", "explain", "this", stdin="a log\n")
    assert (ended.code, ended.out) == (0, "Hello\n")
    assert "tokens/s" in ended.err
    body = server.last("/v1/chat/completions").body
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "a log\n\nexplain this"},
    ]
    assert (body["model"], body["temperature"], body["stream"]) == ("small", 0.2, True)


def test_run_takes_a_known_first_word_as_the_model(server: PlatformServer, call: Caller) -> None:
    call("run", "small", "hello")
    assert server.last("/v1/chat/completions").body["messages"][-1]["content"] == "hello"
    call("run", "hello", "world")
    assert server.last("/v1/chat/completions").body["messages"][-1]["content"] == "hello world"


def test_run_prints_one_object_as_json(call: Caller) -> None:
    assert json.loads(call("-o", "json", "run", "hi").out)["text"] == "Hello"


def test_run_makes_control_characters_harmless(server: PlatformServer, call: Caller) -> None:
    server.answers["POST /v1/chat/completions"] = Answer(lines=completion("\u001b[2Jboo"))
    assert "\u001b" not in call("run", "hi").out


def test_run_attaches_files(server: PlatformServer, call: Caller, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("canary")
    (tmp_path / "dot.png").write_bytes(b"\x89PNG")
    call("run", "-a", str(tmp_path / "notes.txt"), "-a", str(tmp_path / "dot.png"), "look")
    content = server.last("/v1/chat/completions").body["messages"][0]["content"]
    assert "canary" in content[0]["text"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_run_says_which_parameters_were_ignored(server: PlatformServer, call: Caller) -> None:
    server.answers["POST /v1/chat/completions"] = Answer(
        lines=completion("Hello"), headers={"x-covey-ignored": "temperture"}
    )
    ended = call("run", "-p", "temperture=0.2", "hi")
    assert (ended.code, ended.out) == (0, "Hello\n")
    assert "temperture" in ended.err


def test_run_names_a_schema_that_is_no_json(call: Caller, tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{")
    ended = call("run", "--json-schema", str(tmp_path / "schema.json"), "hi")
    assert (ended.code, "schema.json is not valid JSON" in ended.err) == (2, True)


def test_run_without_a_prompt_is_wrong_usage(call: Caller) -> None:
    assert call("run").code == 2


def test_a_key_secret_goes_to_stdout_and_the_talk_to_stderr(server: PlatformServer, call: Caller) -> None:
    server.answers["POST /covey/v1/keys"] = Answer(201, {"key": {"id": "key_1"}, "secret": "sk-covey-x"})
    ended = call("key", "create", "ci", "--expires", "30d", "--scope", "inference", "--model", "small")
    assert ended.out == "sk-covey-x\n"
    body = server.last("/covey/v1/keys").body
    assert body == {"name": "ci", "expires_in_s": 30 * 86400, "scopes": ["inference"], "models": ["small"]}
    assert call("key", "create", "ci", "--expires", "soon").code == 2


@pytest.mark.parametrize(
    ("arguments", "route", "answer", "expected"),
    [
        (("key", "list"), "GET /covey/v1/keys",
         {"items": [{"id": "key_1", "name": "ci", "prefix": "sk-covey-ab", "created_at": 1.0}]}, "key_1"),
        (("auth", "sessions"), "GET /covey/v1/sessions",
         {"items": [{"id": "ses_1", "created_at": 1.0, "last_used_at": 2.0, "expires_at": 3.0}]}, "ses_1"),
        (("ps",), "GET /covey/v1/running", {"items": [{"model": MODEL, "instance": "i", "node": "n"}]}, "small"),
        (("show", "a/b"), "GET /covey/v1/models/a%2Fb", {"model": MODEL, "license": "Apache-2.0"}, "Apache-2.0"),
        (("node", "list"), "GET /covey/v1/nodes",
         {"items": [{"name": "n", "instances": [{"service": "auth", "instance": "auth-1", "node": "n"}]}]}, "auth-1"),
        (("user", "list"), "GET /covey/v1/users", {"items": [USER]}, "usr_1"),
        (("usage",), "GET /covey/v1/usage",
         {"items": [{"day": "2026-01-31", "model": "m", "totals": {"requests": 5}}], "total": {}}, "2026-01-31"),
        (("audit",), "GET /covey/v1/audit",
         {"items": [{"id": "1", "at": 1.0, "action": "keys.create", "outcome": "ok", "request_id": "req_9"}]}, "req_9"),
        (("requests", "--outcome", "failed"), "GET /covey/v1/requests",
         {"items": [{"record": {"at": 1.0, "model": "m", "request_id": "req_7"}}]}, "req_7"),
        (("status",), "GET /readyz", {"status": "ok"}, "robin"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_listings(
    server: PlatformServer, call: Caller, arguments: tuple[str, ...], route: str, answer: Any, expected: str
) -> None:
    server.answers[route] = Answer(200, answer)
    ended = call(*arguments)
    assert ended.code == 0, ended.err
    assert expected in ended.out


def test_pull_prints_plain_progress_without_a_terminal(server: PlatformServer, call: Caller) -> None:
    events = [{"status": "downloading", "total_bytes": 2000, "completed_bytes": 1000}, {"status": "done"}]
    server.answers["POST /covey/v1/models/pull"] = Answer(lines=[json.dumps(event) + "\n" for event in events])
    ended = call("pull", "tiny")
    assert (ended.code, ended.out) == (0, "")
    assert "downloading 1.0 kB of 2.0 kB" in ended.err
    assert [json.loads(line) for line in call("-o", "jsonl", "pull", "tiny").out.splitlines()] == events


def test_a_pull_that_fails_half_way_exits_with_1(server: PlatformServer, call: Caller) -> None:
    server.answers["POST /covey/v1/models/pull"] = Answer(lines=['{"error": {"message": "digest differs"}}\n'])
    ended = call("pull", "tiny")
    assert ended.code == 1
    assert "digest differs" in ended.err


def test_rm_asks_unless_told_not_to(server: PlatformServer, call: Caller) -> None:
    server.answers["DELETE /covey/v1/models/tiny"] = Answer(200, {})
    assert call("rm", "tiny").code == 2
    assert server.asked == []
    assert call("rm", "tiny", "--yes").code == 0


def test_user_update_finds_the_account_by_name(server: PlatformServer, call: Caller) -> None:
    server.answers["GET /covey/v1/users"] = Answer(200, {"items": [USER]})
    server.answers["PATCH /covey/v1/users/usr_1"] = Answer(200, USER)
    assert call("user", "update", "robin", "--role", "member").code == 0
    assert server.last("/covey/v1/users/usr_1").body == {"role": "member"}
    assert call("user", "update", "nobody", "--role", "member").code == 3


def test_doctor_goes_as_far_as_an_answer(server: PlatformServer, call: Caller) -> None:
    answer = {"model": "small", "usage": {"completion_tokens": 4}, "choices": []}
    server.answers["POST /v1/chat/completions"] = Answer(200, answer)
    ended = call("doctor")
    assert ended.code == 0, ended.out
    assert "small answered 4 tokens" in ended.out


def test_doctor_fails_when_there_is_no_model(server: PlatformServer, call: Caller) -> None:
    server.answers["GET /covey/v1/models"] = Answer(200, {"items": []})
    ended = call("doctor")
    assert ended.code == 1
    assert "there is no model" in ended.out


def test_config_check_names_a_typo_and_exits_with_2(tmp_path: Path) -> None:
    file = tmp_path / "covey.toml"
    file.write_text('[log]\nlevle = "info"\n')
    ended = covey("config", "check", str(file), folder=tmp_path)
    assert ended.code == 2
    assert "did you mean log.level?" in ended.err
    file.write_text('[log]\nlevel = "info"\n')
    assert covey("config", "check", str(file), folder=tmp_path).code == 0
    assert json.loads(covey("-o", "json", "config", "show", str(file), folder=tmp_path).out)["log"]["level"] == "info"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[auth.sessions]\naccess_token_ttl_s = 0\n", "auth.sessions.access_token_ttl_s"),
        ('[[engines.sample]]\nname = "twin"\n[[engines.sample]]\nname = "twin"\n', "two engines"),
        ('[mesh.server.join]\naddress = "0.0.0.0"\n', "mesh.server.join.address"),
        ('[[engines.openai]]\nname = "x"\nbase_url = "ftp://x"\n', "base_url"),
    ],
)
def test_config_check_finds_what_a_start_would_refuse(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "covey.toml"
    file.write_text(text)
    ended = covey("config", "check", str(file), folder=tmp_path)
    assert (ended.code, problem in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("jsonl", json.loads), ("csv", str)])
def test_settings_are_shown_in_every_form(tmp_path: Path, output: str, read: Any) -> None:
    ended = covey("config", "show", "-o", output, folder=tmp_path)
    assert ended.code == 0
    assert len(ended.out.splitlines()) == {"json": ended.out.count("\n"), "jsonl": 1, "csv": 2}[output]
    assert "bridge" in read(ended.out)


def test_settings_are_shown_as_lines_of_dotted_names(tmp_path: Path) -> None:
    assert re.search(r"^bridge\.port +8080$", covey("config", "show", folder=tmp_path).out, re.MULTILINE)


def test_a_context_that_is_not_there_exits_with_3(tmp_path: Path) -> None:
    ended = covey("context", "use", "nowhere", folder=tmp_path)
    assert (ended.code, "there are: default" in ended.err) == (3, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(tmp_path: Path, shell: str) -> None:
    ended = covey("completion", shell, folder=tmp_path)
    assert ended.code == 0
    assert "_COVEY_COMPLETE" in ended.out
