"""Everything in one process."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.end_to_end.journey import Journey, detached
from tests.helpers.covey_process import CoveyProcess, eventually_true, one_process, settings
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port

pytestmark = [pytest.mark.nats, pytest.mark.timeout(180)]

ENGINES = [
    {"name": "sample", "models": ["sample"], "tokens": 24, "slots": 4},
    {"name": "slow", "models": ["slow"], "tokens": 5000, "tokens_per_second": 20, "slots": 4},
]


class TestOneProcess(Journey):
    @pytest.fixture(scope="class")
    @classmethod
    def covey(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoveyProcess]:
        with one_process(tmp_path_factory.mktemp("node"), **{"engines.sample": ENGINES}) as node:
            yield node


def test_what_was_acknowledged_survives_a_crash_and_a_start(tmp_path: Path) -> None:
    with one_process(tmp_path) as node:
        client = PlatformClient(node.url).register("robin")
        key = client.key("kept")
        client.close()
        node.kill()
        node.start()
        again = PlatformClient(node.url, key)
        assert again.must("GET", "/covey/v1/me")["username"] == "robin"
        assert PlatformClient(node.url).login("robin")["user"]["role"] == "admin"
        again.close()


def test_a_stop_is_clean_and_its_log_has_no_secret_and_no_prompt(tmp_path: Path) -> None:
    canary = "canaryprompt"
    with one_process(tmp_path, **{"log.level": "debug"}) as node:
        client = PlatformClient(node.url).register("robin", "canarypassword long")
        key = client.key()
        by_key = PlatformClient(node.url, key)
        body = {"model": "sample", "messages": [{"role": "user", "content": canary}], "max_tokens": 3}
        by_key.must("POST", "/v1/chat/completions", body)
        by_key.ask("POST", "/v1/chat/completions", {**body, "model": "nothing"})
        by_key.close()
        client.close()
        assert node.stop() == 0
    written = "".join(path.read_text() for path in (tmp_path / "logs").iterdir()) + "".join(node.lines)
    for secret in (canary, "canarypassword", key, client.bearer or ""):
        assert secret not in written
    assert (tmp_path / "logs" / "error.log").exists() is False or (tmp_path / "logs" / "error.log").read_text() == ""


def test_a_second_node_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with one_process(tmp_path), pytest.raises(AssertionError, match="another Covey is running"):
        CoveyProcess([*settings(tmp_path), "--port", "0"], {}).start()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with one_process(tmp_path) as node:
        port = node.url.rpartition(":")[2]
        with pytest.raises(AssertionError, match=port):
            CoveyProcess([*settings(tmp_path / "other"), "--port", port], {}).start()


def test_a_settings_typo_ends_with_2_and_the_nearest_name(tmp_path: Path) -> None:
    process = CoveyProcess([*settings(tmp_path), "--set", "bridge.prot=1"], {})
    with pytest.raises(AssertionError, match=r"did you mean bridge\.port"):
        process.start()


def test_a_request_keeps_its_id_through_every_hop(tmp_path: Path) -> None:
    with one_process(tmp_path, **{"log.level": "debug", "bridge.access_log": "all"}) as node:
        client = PlatformClient(node.url).register("robin")
        body = {"model": "sample", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}
        client.must("POST", "/v1/chat/completions", body, **{"x-request-id": "trace-me-1"})
        client.close()
    lines = [json.loads(line) for line in (tmp_path / "logs" / "event.log").read_text().splitlines()]
    traced = [line for line in lines if line.get("request_id") == "trace-me-1"]
    served = {line["endpoint"].partition(".")[0] for line in traced if line["event"] == "served"}
    assert served >= {"client", "gateway", "processor"}
    assert "request" in {line["event"] for line in traced}


def test_a_second_signal_ends_a_node_that_drains(tmp_path: Path) -> None:
    with one_process(tmp_path, **{"engines.sample": ENGINES, "node.drain_timeout_s": 60}) as node:
        client = PlatformClient(node.url).register("robin")
        client.must("POST", "/covey/v1/generations", detached("x", model="slow"))
        client.close()
        node.signal(signal.SIGTERM)
        eventually_true(lambda: any("force=False" in line for line in node.lines), what="the first signal")
        node.signal(signal.SIGTERM)
        assert node.stop() == 0


def test_every_role_has_its_metrics_page(tmp_path: Path) -> None:
    ports = {role: free_port() for role in ("gateway", "auth", "processor", "client", "bridge")}
    with one_process(tmp_path, **{"metrics.enabled": True, "metrics.ports": ports}) as node:
        client = PlatformClient(node.url).register("robin")
        body = {"model": "sample", "messages": [{"role": "user", "content": "x"}], "max_tokens": 3}
        client.must("POST", "/v1/chat/completions", body)
        client.ask("POST", "/v1/chat/completions", {**body, "model": "nothing"})
        nodes = client.must("GET", "/covey/v1/nodes")["items"]
        assert {one["service"] for item in nodes for one in item["instances"]} == set(ports)
        client.close()
        pages = {role: read_page(port) for role, port in ports.items()}
    for text in pages.values():
        assert "process_cpu_seconds_total" in text
        assert "process_resident_memory_bytes" in text
        assert "covey_mesh_connected 1.0" in text
        assert "covey_store_up 1.0" in text
        assert "robin" not in text
    assert (
        'covey_bridge_requests_total{method="POST",outcome="ok",route="/v1/chat/completions",status="200"} 1.0'
        in pages["bridge"]
    )
    assert 'covey_gateway_tokens_total{kind="completion",model="sample"} 3.0' in pages["gateway"]
    assert "covey_client_first_token_seconds_count" in pages["client"]
    assert 'covey_processor_slots{engine="sample"} 4.0' in pages["processor"]


def read_page(port: int) -> str:
    pool = urllib3.PoolManager(retries=False, timeout=10.0)
    answer = pool.request("GET", f"http://127.0.0.1:{port}/metrics")
    pool.clear()
    return answer.data.decode()
