from __future__ import annotations

import io
import sys
import threading
from typing import cast

import pytest

from covey.cli import loading_line as module
from covey.cli.api import Api
from covey.cli.failures import CommandFailed
from covey.cli.loading_line import CLEAR, loading_line


class Terminal(io.StringIO):
    """Tells when something is written."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        super().__init__()
        self.written = threading.Event()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        self.written.set()
        return written


class FakeApi:
    """Answers with the states one after the other, and then with the last one; None is a failure."""

    def __init__(self, *states: str | None) -> None:
        self.states = list(states)
        self.asked: list[str] = []
        self.all_told = threading.Event()

    def get(self, path: str) -> object:
        self.asked.append(path)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if len(self.states) == 1:
            self.all_told.set()
        if state is None:
            raise CommandFailed("no")
        return {"model": {"state": state}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(module, "INTERVAL_S", 0.001)


def terminal(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool = True) -> Terminal:
    found = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", found)
    return found


@pytest.mark.parametrize("state", ["cold", "loading"])
def test_the_line_is_there_while_the_model_loads_and_gone_with_the_first_word(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    shown, api = terminal(monkeypatch), FakeApi(state)
    with loading_line(cast("Api", api), "org/small\x1b[2J") as clear:
        assert shown.written.wait(10)
        clear()
        said = shown.getvalue()
        clear()
    assert "org/small�[2J is being loaded" in said
    assert said.endswith(CLEAR)
    assert shown.getvalue() == said
    assert api.asked[0] == "/covey/v1/models/org%2Fsmall%1B%5B2J"


@pytest.mark.parametrize("states", [("loaded",), ("unavailable",), (None,)])
def test_nothing_is_said_of_a_model_that_is_there_or_cannot_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str | None, ...]
) -> None:
    shown, api = terminal(monkeypatch), FakeApi(*states)
    with loading_line(cast("Api", api), "small"):
        assert api.all_told.wait(10)
    assert shown.getvalue() == ""


def test_a_failure_takes_the_line_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, api = terminal(monkeypatch), FakeApi("cold")

    def fail() -> None:
        with loading_line(cast("Api", api), "small"):
            assert shown.written.wait(10)
            raise CommandFailed("the queue is full")

    with pytest.raises(CommandFailed):
        fail()
    assert shown.getvalue().endswith(CLEAR)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, api = terminal(monkeypatch, is_terminal=False), FakeApi("cold")
    with loading_line(cast("Api", api), "small") as clear:
        clear()
    assert (api.asked, shown.getvalue()) == ([], "")
