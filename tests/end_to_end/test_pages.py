"""Two pages of one person at different bridges, with two client workers behind: both see the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.end_to_end.test_one_process import ENGINES
from tests.helpers.covey_process import WORKERS, CoveyProcess, ManyProcesses, eventually_true, many_processes
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port

pytestmark = [pytest.mark.nats, pytest.mark.timeout(240)]


class Page:
    """A WebSocket of one person."""

    def __init__(self, socket: ClientConnection, token: str) -> None:
        self._socket = socket
        self.say(type="hello", credential=token)
        assert self.hear()["type"] == "welcome"

    def say(self, **frame: Any) -> None:
        self._socket.send(json.dumps(frame))

    def hear(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._socket.recv(timeout=20.0))
        return found

    def hear_change(self, kind: str) -> dict[str, Any]:
        while (frame := self.hear()).get("kind") != kind:
            pass
        return frame


@contextmanager
def page_at(client: PlatformClient) -> Iterator[Page]:
    with connect(client.url.replace("http", "ws") + "/covey/v1/ws", proxy=None, compression=None) as socket:
        yield Page(socket, client.bearer or "")


class Doubled:
    """The second bridge and the second client worker."""

    def __init__(self, covey: ManyProcesses) -> None:
        self.covey = covey
        self.client = CoveyProcess(list(covey.workers["client"].arguments), {})
        arguments = list(covey.workers["bridge"].arguments)
        arguments[arguments.index("--port") + 1] = str(free_port())
        self.bridge = CoveyProcess(arguments, {})

    def owner_of(self, generation_id: str) -> CoveyProcess:
        suffix = generation_id.split("_")[1]  # the one of its instance
        for process in (self.client, self.covey.workers["client"]):
            if any(f"-{suffix}" in line and "role=client" in line for line in process.lines):
                return process
        raise AssertionError("nobody owns the generation")


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    folder: Path = tmp_path_factory.mktemp("pages")
    with many_processes(folder, WORKERS, **{"engines.sample": ENGINES}) as covey:
        found = Doubled(covey)
        found.client.start()
        found.bridge.start()
        try:
            yield found
        finally:
            found.bridge.stop()
            found.client.stop()


@pytest.fixture(scope="module")
def pages(doubled: Doubled) -> Iterator[tuple[PlatformClient, PlatformClient]]:
    first = PlatformClient(doubled.covey.url).register("robin")
    second = PlatformClient(doubled.bridge.url, first.bearer)
    yield first, second
    first.close()
    second.close()


def begin(client: PlatformClient, conversation_id: str, model: str = "slow", **fields: Any) -> dict[str, Any]:
    generate = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    body = {"generate": generate, "conversation_id": conversation_id, **fields}
    return dict(client.must("POST", "/covey/v1/generations", body))


def running_in(client: PlatformClient, conversation_id: str) -> list[str]:
    found = client.must("GET", f"/covey/v1/conversations/{conversation_id}")["generations"]
    return [each["generation_id"] for each in found]


def test_both_pages_hear_and_find_what_one_of_them_began(
    doubled: Doubled, pages: tuple[PlatformClient, PlatformClient]
) -> None:
    first, second = pages
    conversation_id = first.must("POST", "/covey/v1/conversations", {})["info"]["id"]
    with page_at(second) as page:
        page.say(type="watch", id="w")
        assert page.hear() == {"type": "watching", "id": "w"}
        accepted = begin(first, conversation_id)
        assert page.hear_change("message")["message_id"] == accepted["question_id"]
        started = page.hear_change("generation_started")
        assert (started["generation_id"], started["message_id"]) == (accepted["generation_id"], accepted["answer_id"])
        for client in (first, second) * 3:  # whichever client worker has the turn
            assert running_in(client, conversation_id) == [accepted["generation_id"]]
            listed = client.must("GET", "/covey/v1/generations")["items"]
            assert [each["id"] for each in listed if each["state"] == "running"] == [accepted["generation_id"]]
            found = client.must("GET", f"/covey/v1/generations/{accepted['generation_id']}")
            assert (found["conversation_id"], found["answer_id"]) == (conversation_id, accepted["answer_id"])
        page.say(type="follow", id="f", generation_id=accepted["generation_id"])
        assert page.hear()["seq"] == 0
        page.say(type="unfollow", id="f")
        doubled.covey.workers["bridge"].kill()
        doubled.covey.workers["bridge"].start()
        with page_at(first) as reloaded:
            eventually_true(lambda: running_in(first, conversation_id) != [], what="the generation after the restart")
            reloaded.say(type="follow", id="f", generation_id=accepted["generation_id"], after=3)
            assert reloaded.hear()["seq"] == 4
        first.must("DELETE", f"/covey/v1/generations/{accepted['generation_id']}")
        ended = page.hear_change("generation_ended")
        assert ended["generation_id"] == accepted["generation_id"]
        assert running_in(second, conversation_id) == []


def test_a_generation_whose_worker_was_killed_runs_no_more(
    doubled: Doubled, pages: tuple[PlatformClient, PlatformClient]
) -> None:
    first, second = pages
    conversation_id = first.must("POST", "/covey/v1/conversations", {})["info"]["id"]
    accepted = begin(first, conversation_id)
    assert running_in(second, conversation_id) == [accepted["generation_id"]]
    owner = doubled.owner_of(accepted["generation_id"])
    owner.kill()

    def gone() -> bool:
        status, answer = second.ask("GET", f"/covey/v1/conversations/{conversation_id}")
        return status == 200 and answer["generations"] == []

    eventually_true(gone, what="the end of what ran on the killed worker")
    owner.start()
    again = begin(second, conversation_id, model="sample", answer_to=accepted["question_id"])
    assert again["question_id"] == accepted["question_id"]

    def answered() -> bool:
        messages = second.must("GET", f"/covey/v1/conversations/{conversation_id}")["messages"]
        return any(message["id"] == again["answer_id"] for message in messages)

    eventually_true(answered, what="the second answer")
