"""A machine joins with one command, serves, dies, comes back by itself, and is removed. On loopback, in TLS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.helpers.covey_process import SAMPLE, CoveyProcess, eventually_true, one_process, settings
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

FAR = {"name": "far", "models": ["far-model"], "tokens": 40, "slots": 4, "tokens_per_second": 200}
GONE_WITHIN_S = 3.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("joined")


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[CoveyProcess]:
    values: dict[str, Any] = {"mesh.server.join.address": "127.0.0.1:0", "node.name": "main"}
    with one_process(folder / "main", **values) as running:
        yield running


@pytest.fixture(scope="module")
def admin(node: CoveyProcess) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register("robin")
    yield client
    client.close()


def machine(folder: Path, *command: str) -> CoveyProcess:
    return CoveyProcess(settings(folder, **{"engines.sample": [FAR]}), {}, command=command or ("up",))


def invite(admin: PlatformClient, **fields: Any) -> Any:
    return admin.must("POST", "/covey/v1/nodes/invitations", fields)


def models(admin: PlatformClient) -> list[str]:
    return [item["model"]["name"] for item in admin.must("GET", "/covey/v1/models")["items"]]


def node_named(admin: PlatformClient, name: str) -> Any:
    return next((item for item in admin.must("GET", "/covey/v1/nodes")["items"] if item["name"] == name), None)


def streamed(admin: PlatformClient, model: str) -> list[dict[str, Any]]:
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}], "max_tokens": 40}
    answer = urllib3.request(
        "POST", f"{admin.url}/v1/chat/completions", json=body, retries=False,
        headers={"authorization": f"Bearer {admin.bearer}"},
    )  # fmt: skip
    assert answer.status == 200, answer.data
    events = [line[6:] for line in answer.data.decode().splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def actions(admin: PlatformClient) -> list[tuple[str, str | None]]:
    items = admin.must("GET", "/covey/v1/audit?action=nodes.")["items"]
    return [(item["action"], item.get("target")) for item in reversed(items)]


def test_a_machine_joins_serves_dies_returns_and_is_removed(
    node: CoveyProcess, admin: PlatformClient, folder: Path
) -> None:
    made = invite(admin, name="gpu-1")
    assert made["command"] == f"covey join {made['token']}"
    listed = admin.must("GET", "/covey/v1/nodes/invitations")
    assert listed["accepts"]
    assert [item["name"] for item in listed["items"]] == ["gpu-1"]
    assert made["token"] not in json.dumps(listed)

    joining = machine(folder / "gpu-1", "join", made["token"])
    joining.start()
    try:
        eventually_true(lambda: "far-model" in models(admin), what="the model of the machine that joined")
        chunks = streamed(admin, "far-model")
        assert len([chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["delta"].get("content")]) > 3
        found = node_named(admin, "gpu-1")
        assert found["joined"]["kind"] == "processor"
        assert found["joined"]["invited_by"] == "robin"
        assert abs(found["joined"]["joined_at"] - time.time()) < 120
        assert [instance["node"] for instance in found["instances"]] == ["gpu-1"]
        assert admin.must("GET", "/covey/v1/nodes/invitations").get("items", []) == []
        keys = [
            path.stat().st_mode & 0o777 for path in (folder / "gpu-1" / "data" / "mesh").rglob("*") if path.is_file()
        ]
        assert set(keys) == {0o600}
        kept = json.loads((folder / "gpu-1" / "data" / "mesh" / "membership.json").read_text())
        assert len(kept["callers"]) == 2  # gateways and whole nodes: it takes no other's calls
    finally:
        joining.kill()
    eventually_true(lambda: "far-model" not in models(admin), what="the end of a model whose machine died")
    away = node_named(admin, "gpu-1")
    assert away["instances"] == []
    assert away["joined"]["joined_at"] == found["joined"]["joined_at"]

    again = machine(folder / "gpu-1")
    again.start()
    try:
        eventually_true(lambda: "far-model" in models(admin), what="the model after a start without the token")
        streamed(admin, "far-model")
        began = time.monotonic()
        admin.must("DELETE", "/covey/v1/nodes/gpu-1")
        eventually_true(lambda: "far-model" not in models(admin), what="the end of the model")
        assert time.monotonic() - began < GONE_WITHIN_S
        assert node_named(admin, "gpu-1") is None
        eventually_true(lambda: any("Authorization Violation" in line for line in again.lines), what="the refusal")
    finally:
        again.stop()
    assert admin.ask("DELETE", "/covey/v1/nodes/gpu-1")[0] == 404
    assert [action for action, target in actions(admin) if target == "gpu-1"] == [
        "nodes.join", "nodes.remove", "nodes.remove",
    ]  # fmt: skip
    assert ("nodes.invite", made["invitation"]["id"]) in actions(admin)


def test_a_machine_that_was_removed_is_told_so_and_may_join_anew(
    node: CoveyProcess, admin: PlatformClient, folder: Path
) -> None:
    place = folder / "gpu-2"
    with pytest.raises(AssertionError, match="incomplete or has a typing error"):
        machine(place, "join", "join-covey-nonsense").start()
    first = machine(place, "join", invite(admin)["token"], "--name", "second")
    first.start()
    try:
        with pytest.raises(AssertionError, match="another Covey is running"):
            machine(place).start()
    finally:
        first.stop()
    admin.must("DELETE", "/covey/v1/nodes/second")
    with pytest.raises(AssertionError, match="does not know it any more"):
        machine(place).start()
    with pytest.raises(AssertionError, match="nothing else can run"):
        machine(place, "up", "--role", "gateway").start()
    anew = machine(place, "join", invite(admin, name="third")["token"])
    anew.start()
    try:
        eventually_true(lambda: node_named(admin, "third")["instances"] != [], what="the machine under its new name")
    finally:
        anew.stop()
    admin.must("DELETE", "/covey/v1/nodes/third")


def test_answers_in_progress_survive_invitations_and_others_joining(
    node: CoveyProcess, admin: PlatformClient, folder: Path
) -> None:
    slow = {**FAR, "models": ["slow-model"], "tokens": 60, "tokens_per_second": 30}
    token = invite(admin, name="slow")["token"]
    joining = CoveyProcess(settings(folder / "slow", **{"engines.sample": [slow]}), {}, command=("join", token))
    joining.start()
    try:
        eventually_true(lambda: "slow-model" in models(admin), what="the slow model")
        body = {"model": "slow-model", "stream": True, "messages": [{"role": "user", "content": "x"}], "max_tokens": 60}
        answer = urllib3.request(
            "POST", f"{admin.url}/v1/chat/completions", json=body, retries=False, preload_content=False,
            headers={"authorization": f"Bearer {admin.bearer}"},
        )  # fmt: skip
        text = b""
        for _ in range(3):  # the server reads its configuration anew each time
            text += answer.read1(65536)
            made = invite(admin)
            admin.must("DELETE", f"/covey/v1/nodes/invitations/{made['invitation']['id']}")
        text += answer.read()
        events = [line for line in text.decode().splitlines() if line.startswith("data: ")]
        assert events[-1] == "data: [DONE]"
        assert not [event for event in events if '"error"' in event]
        assert sum('"content"' in event for event in events) > 10
    finally:
        joining.stop()
    admin.must("DELETE", "/covey/v1/nodes/slow")


def test_a_node_that_lets_nobody_join_says_which_setting_would(tmp_path: Path) -> None:
    with one_process(tmp_path, **{"engines.sample": [SAMPLE]}) as closed:
        admin = PlatformClient(closed.url).register("robin")
        listed = admin.must("GET", "/covey/v1/nodes/invitations")
        assert listed == {"accepts": False, "setting": "mesh.server.join.address", "items": [], "addresses": []}
        status, refused = admin.ask("POST", "/covey/v1/nodes/invitations", {})
        assert status == 409
        assert "mesh.server.join.address" in refused["detail"]
        admin.close()


def test_a_machine_comes_back_by_itself_when_its_node_was_killed(tmp_path: Path) -> None:
    values: dict[str, Any] = {"mesh.server.join.address": f"127.0.0.1:{free_port()}", "bridge.port": free_port()}
    main = CoveyProcess(settings(tmp_path / "main", **values), {})
    main.start()
    try:
        admin = PlatformClient(main.url).register("robin")
        joining = machine(tmp_path / "gpu", "join", invite(admin, name="gpu")["token"])
        joining.start()
        try:
            eventually_true(lambda: "far-model" in models(admin), what="the model of the machine")
            main.kill()
            main.start()
            eventually_true(lambda: "far-model" in models(admin), what="the model after the crash of the node")
            streamed(admin, "far-model")
            assert node_named(admin, "gpu")["joined"]["invited_by"] == "robin"
        finally:
            joining.stop()
        admin.close()
    finally:
        main.stop()


def test_workers_in_processes_of_their_own_let_machines_join_too(tmp_path: Path) -> None:
    mesh_port, bridge_port = free_port(), free_port()
    url = f"tls://127.0.0.1:{mesh_port}"
    with ExitStack() as stack:

        def started(*arguments: str) -> CoveyProcess:
            process = CoveyProcess([*settings(tmp_path / "main"), "--port", str(bridge_port), *arguments], {})
            process.start()
            stack.callback(process.stop)
            return process

        started("--role", "mesh", "--role", "auth", "--role", "gateway", "--accept-nodes", f"127.0.0.1:{mesh_port}")
        for role in ("client", "bridge"):
            started("--role", role, "--nats-url", url)
        started("--role", "gateway", "--nats-url", url)
        admin = PlatformClient(f"http://127.0.0.1:{bridge_port}").register("robin")
        for _ in range(8):  # whichever gateway is asked
            made = invite(admin)
            listed = admin.must("GET", "/covey/v1/nodes/invitations")
            assert [item["id"] for item in listed["items"]] == [made["invitation"]["id"]]
            admin.must("DELETE", f"/covey/v1/nodes/invitations/{made['invitation']['id']}")
        joining = machine(tmp_path / "gpu", "join", invite(admin, name="gpu")["token"])
        joining.start()
        stack.callback(joining.stop)
        eventually_true(lambda: "far-model" in models(admin), what="the model of the machine")
        streamed(admin, "far-model")
        assert [node_named(admin, "gpu")["joined"]["invited_by"] for _ in range(4)] == ["robin"] * 4
        admin.must("DELETE", "/covey/v1/nodes/gpu")
        eventually_true(lambda: "far-model" not in models(admin), what="the end of the model")
        admin.close()
