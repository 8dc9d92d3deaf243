"""A process per worker, over NATS: the same journey, and a crash of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.journey import Journey
from tests.end_to_end.test_one_process import ENGINES
from tests.helpers.covey_process import WORKERS, ManyProcesses, eventually_true, many_processes
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(240)]

BODY = {"model": "sample", "messages": [{"role": "user", "content": "x"}], "max_tokens": 3}


class TestManyProcesses(Journey):
    @pytest.fixture(scope="class")
    @classmethod
    def covey(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyProcesses]:
        with many_processes(tmp_path_factory.mktemp("mesh"), WORKERS, **{"engines.sample": ENGINES}) as running:
            yield running


class TestCrashes:
    @pytest.fixture(scope="class")
    @classmethod
    def covey(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyProcesses]:
        with many_processes(tmp_path_factory.mktemp("crashes")) as running:
            yield running

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, covey: ManyProcesses) -> Iterator[PlatformClient]:
        person = PlatformClient(covey.url).register("robin")
        by_key = PlatformClient(covey.url, person.key(scopes=["inference", "account"]))
        person.close()
        yield by_key
        by_key.close()

    @pytest.mark.parametrize("role", WORKERS)
    def test_a_killed_worker_is_missed_honestly_and_its_successor_serves(
        self, covey: ManyProcesses, client: PlatformClient, role: str
    ) -> None:
        client.must("POST", "/v1/chat/completions", BODY)
        covey.workers[role].kill()
        if role not in ("bridge", "auth"):
            status, answer = client.ask("POST", "/v1/chat/completions", BODY)
            assert status in (404, 502, 503, 504), answer
            assert answer["error"]["message"]
        if role == "auth":
            client.must("POST", "/v1/chat/completions", BODY)
        covey.workers[role].start()
        eventually_true(lambda: answered(client), what=f"service after a new {role}")

    def test_a_killed_nats_server_comes_back_and_nothing_acknowledged_is_lost(
        self, covey: ManyProcesses, client: PlatformClient
    ) -> None:
        kept = [client.key(f"before-{number}") for number in range(5)]
        for pid in children(covey.mesh.pid, "nats-server"):
            kill(pid)
        eventually_true(lambda: answered(client), timeout_s=30, what="service after the nats-server's crash")
        names = {key["name"] for key in client.must("GET", "/covey/v1/keys")["items"]}
        assert {f"before-{number}" for number in range(5)} <= names
        for secret in kept:
            by_key = PlatformClient(covey.url, secret)
            eventually_true(lambda by_key=by_key: by_key.ask("GET", "/v1/models")[0] == 200, what="an old key")
            by_key.close()


def answered(client: PlatformClient) -> bool:
    try:
        return (
            client.ask("POST", "/v1/chat/completions", BODY)[0] == 200 and client.ask("GET", "/covey/v1/keys")[0] == 200
        )
    except Exception:  # the bridge itself may be away: reported by the deadline
        return False


def children(pid: int, name: str) -> list[int]:
    """Descendants of a process whose command has ``name`` in it."""
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listing.read_text().split():
            if name in Path(f"/proc/{child}/cmdline").read_text():
                found.append(int(child))
            found += children(int(child), name)
    return found


def kill(pid: int) -> None:
    import os
    import signal

    os.kill(pid, signal.SIGKILL)
