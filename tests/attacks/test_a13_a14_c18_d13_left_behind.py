"""What a whole node leaves behind after success, errors, time-outs, cancels and a crash: A13, A14, C18, D13, D22."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from tests.end_to_end.journey import detached, running
from tests.helpers.covey_process import CoveyProcess, eventually_true, one_process
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port
from tests.helpers.process_view import command_of, descendants, found_in

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

ENGINES = [
    {"name": "sample", "models": ["sample"], "tokens": 24},
    {"name": "slow", "models": ["slow"], "tokens": 5000, "tokens_per_second": 20, "slots": 4},
    {"name": "broken", "models": ["broken"], "fail_after_tokens": 3},
    {"name": "refusing", "models": ["refusing"], "fail_every": 1},
    {"name": "hanging", "models": ["hanging"], "hang_after_tokens": 2},
]
METRICS_ROLES = ("gateway", "auth", "processor", "client", "bridge")


def canary() -> str:
    return f"canary{uuid4().hex}"


@dataclass
class Traces:
    """A node that was used in every way and then killed, and the secrets that were put into it."""

    folder: Path
    node: CoveyProcess
    secrets: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    """Bodies of answers to what was refused."""
    pages: str = ""
    """All metrics pages, one after the other."""
    commands: bytes = b""

    def secret(self, name: str) -> str:
        return self.secrets.setdefault(name, canary())

    def seen_in(self, secret: str) -> list[str]:
        """Where outside the user's own store the secret is."""
        places = [str(path) for path in found_in(self.folder, secret) if not is_own_store(path)]
        places += [name for name, text in self.answers.items() if secret in text]
        places += ["metrics"] * (secret in self.pages) + ["command line"] * (secret.encode() in self.commands)
        return places + ["terminal"] * any(secret in line for line in self.node.lines)


def is_own_store(path: str) -> bool:
    """The bucket in which people's conversations are."""
    return "KV_client" in path


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    folder = tmp_path_factory.mktemp("traces")
    ports = {role: free_port() for role in METRICS_ROLES}
    values: dict[str, Any] = {
        "engines.sample": ENGINES, "log.level": "debug", "bridge.access_log": "all", "metrics.enabled": True,
        "metrics.ports": ports, "processor.generation_timeout_s": 1.5,
    }  # fmt: skip
    with one_process(folder, **values) as node:
        traces = Traces(folder, node)
        use(traces)
        traces.pages = "".join(page(port) for port in ports.values())
        traces.commands = b"".join(command_of(pid) for pid in descendants(node.pid))
        node.kill()
        yield traces


def page(port: int) -> str:
    return urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", retries=False).data.decode()


def use(traces: Traces) -> None:
    url = traces.node.url
    person = PlatformClient(url).register("robin", traces.secret("password"))
    traces.secrets["access token"] = person.bearer or ""
    tokens = person.login("robin", traces.secret("password"))
    traces.secrets["refresh token"] = tokens["refresh_token"]
    traces.secrets["key"] = key = person.key(scopes=["inference", "account"])
    by_key = PlatformClient(url, key)
    traces.secrets["invitation"] = person.must("POST", "/covey/v1/invitations", {})["code"]
    kept = person.must("POST", "/covey/v1/conversations", {"title": "kept"})["info"]["id"]
    message = {"role": "user", "content": traces.secret("kept")}
    person.must("POST", f"/covey/v1/conversations/{kept}/messages", {"message": message})

    for model in ("sample", "broken", "refusing", "hanging", "no-such-model"):
        for stream in (False, True):
            ask_plainly(url, key, model, traces.secret(f"prompt for {model}"), stream=stream)
    traces.secrets["answer"] = answer_of(ask_plainly(url, key, "sample", traces.secret("answered"), stream=False))
    by_key.ask("POST", "/v1/embeddings", {"model": "sample", "input": traces.secret("embedded text")})
    traces.answers["out of range"] = json.dumps(by_key.ask(
        "POST", "/v1/chat/completions",
        {"model": "sample", "temperature": 99, "messages": [{"role": "user", "content": traces.secret("refused")}]},
    ))  # fmt: skip
    traces.answers["malformed"] = raw(url, "POST", "/v1/chat/completions", key, traces.secret("malformed").encode())
    put_in_addresses(traces, url)

    leave(url, key, traces.secret("left"))
    generation = person.must("POST", "/covey/v1/generations", detached(traces.secret("cancelled"), model="slow"))
    person.must("DELETE", f"/covey/v1/generations/{generation['generation_id']}")
    for _ in range(300):
        ask_plainly(url, key, f"{traces.secret('model')}-{uuid4().hex}", "x", stream=False)
    person.must("POST", "/covey/v1/generations", detached(traces.secret("killed"), model="slow"))
    eventually_true(lambda: running(person, "slow") == 1, what="the generation that dies with the node")
    by_key.close()
    person.close()


def ask_plainly(url: str, key: str, model: str, prompt: str, *, stream: bool) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
    return raw(url, "POST", "/v1/chat/completions", key, json.dumps(body).encode())


def raw(url: str, method: str, path: str, key: str | None, body: bytes | None = None) -> str:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    return urllib3.request(method, url + path, body=body, headers=headers, retries=False, timeout=30.0).data.decode()


def answer_of(body: str) -> str:
    """The text of a whole answer of the API."""
    return str(json.loads(body)["choices"][0]["message"]["content"])


def put_in_addresses(traces: Traces, url: str) -> None:
    secret = traces.secret("key in an address").removeprefix("canary")
    traces.secrets["key in an address"] = secret = f"sk-covey-{secret}"
    for path in (
        f"/v1/models?key={secret}", f"/v1/models?api_key={secret}", f"/v1/models/{secret}", f"/{secret}",
        f"/covey/v1/keys/{secret}?access_token={secret}",
    ):  # fmt: skip
        traces.answers[f"address {path.partition('sk-')[0]}"] = raw(url, "GET", path, None)


def leave(url: str, key: str, prompt: str) -> None:
    """Begin to read a stream and go away."""
    pool = urllib3.PoolManager(retries=False, timeout=30.0)
    body = json.dumps({"model": "slow", "stream": True, "messages": [{"role": "user", "content": prompt}]}).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    answer = pool.request("POST", f"{url}/v1/chat/completions", body=body, headers=headers, preload_content=False)
    answer.read(64)
    answer.close()
    pool.clear()


def test_d13_the_sweep_finds_what_is_there(traces: Traces) -> None:
    found = found_in(traces.folder, traces.secret("kept"))
    assert found
    assert all(is_own_store(path) for path in found)
    events = (traces.folder / "logs" / "event.log").read_text()
    assert '"generation_timed_out"' in events or "deadline_exceeded" in events
    assert "backend_unavailable" in events


@pytest.mark.parametrize(
    "name",
    ["answered", "prompt for sample", "prompt for broken", "prompt for refusing", "prompt for hanging",
     "prompt for no-such-model", "embedded text", "refused", "malformed", "left", "cancelled", "killed"],
)  # fmt: skip
def test_d13_no_prompt_is_anywhere_but_in_its_owners_store(traces: Traces, name: str) -> None:
    assert name in traces.secrets
    assert found_in(traces.folder, traces.secret(name)) == set()
    assert traces.seen_in(traces.secret(name)) == []


def test_d22_no_answer_is_anywhere_while_nobody_wants_content_kept(traces: Traces) -> None:
    answer = traces.secrets["answer"]
    assert len(answer.split()) == 24
    assert traces.seen_in(answer) == []
    assert [path for path in traces.folder.rglob("KV_*") if path.name == "KV_content"] == []
    assert list(traces.folder.rglob("KV_gateway"))


@pytest.mark.parametrize("name", ["password", "access token", "refresh token", "key", "invitation"])
def test_a14_no_secret_is_stored_or_shown(traces: Traces, name: str) -> None:
    secret = traces.secrets[name]
    assert len(secret) >= 16
    assert found_in(traces.folder, secret) == set()
    assert traces.seen_in(secret) == []


def test_a13_a_key_in_an_address_opens_nothing_and_is_repeated_nowhere(traces: Traces) -> None:
    assert len([name for name in traces.answers if name.startswith("address")]) == 5
    assert traces.seen_in(traces.secrets["key in an address"]) == []
    for name, answer in traces.answers.items():
        if name.startswith("address /v1/models"):
            assert "unauthenticated" in answer or "invalid_api_key" in answer, (name, answer)


def test_c18_metrics_name_nobody_and_do_not_grow_with_what_clients_send(traces: Traces) -> None:
    assert "covey_" in traces.pages
    labels = set(re.findall(r'="([^"]*)"', traces.pages))
    assert "ok" in labels
    assert [label for label in labels if "robin" in label or traces.secret("model") in label] == []
    assert [label for label in labels if re.match(r"(usr|key|ses|inv|cnv|gen|req)_\w{8}", label)] == []
    models = set(re.findall(r'model="([^"]*)"', traces.pages))
    assert models <= {engine["models"][0] for engine in ENGINES} | {"", "-", "other", "unknown"}  # type: ignore[index]
