from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.cli.commands.chat import Chat
from covey.cli.session import Session
from tests.helpers.platform_server import Answer, PlatformServer, completion, platform_server

pytestmark = pytest.mark.sockets


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        running.answers["POST /v1/chat/completions"] = Answer(lines=completion("Hel", "lo"))
        yield running


@pytest.fixture
def chat(server: PlatformServer, tmp_path: Path) -> Chat:
    return Chat(Session(tmp_path, url=server.url, api_key="k"), "small")


def test_each_question_carries_what_was_said_before(server: PlatformServer, chat: Chat) -> None:
    chat.ask("one")
    chat.ask("two")
    body = server.last("/v1/chat/completions").body
    assert [message["content"] for message in body["messages"]] == ["one", "Hello", "two"]


def test_a_failure_takes_the_question_back(server: PlatformServer, chat: Chat) -> None:
    server.answers["POST /v1/chat/completions"] = Answer(503, {"error": {"message": "full"}})
    chat.ask("one")
    assert chat.messages == []


def test_retry_answers_the_last_question_again(server: PlatformServer, chat: Chat) -> None:
    chat.ask("one")
    chat.command("/retry")
    assert [message["content"] for message in chat.messages] == ["one", "Hello"]
    assert len(server.asked) == 2


def test_commands_change_model_system_and_parameters(server: PlatformServer, chat: Chat) -> None:
    assert chat.command("/model other")
    assert chat.command("/system be brief")
    assert chat.command("/set temperature=0.5")
    chat.ask("one")
    body = server.last("/v1/chat/completions").body
    assert (body["model"], body["temperature"]) == ("other", 0.5)
    assert body["messages"][0] == {"role": "system", "content": "be brief"}


def test_a_conversation_is_saved_and_loaded(chat: Chat, tmp_path: Path) -> None:
    chat.ask("one")
    chat.command(f"/save {tmp_path / 'chat.json'}")
    chat.command("/new")
    assert chat.messages == []
    chat.command(f"/load {tmp_path / 'chat.json'}")
    assert len(chat.messages) == 2


def test_an_unknown_command_is_told_and_bye_leaves(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat.command("/nonsense")
    assert "/help" in capsys.readouterr().err
    assert not chat.command("/bye")
