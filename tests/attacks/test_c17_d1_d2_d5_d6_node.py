"""What strangers and members reach of a whole node: its ports, its models, its upstreams. C17, D1, D2, D5, D6."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from covey.testing.fake_backend import FakeBackend
from tests.helpers.backend_thread import running_backend
from tests.helpers.covey_process import CoveyProcess, one_process
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port
from tests.helpers.process_view import command_of, descendants, listening

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

METRICS = {role: free_port() for role in ("gateway", "auth", "processor", "client", "bridge")}
MONITOR = free_port()
MESH = free_port()


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    with running_backend() as running:
        yield running


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, backend: FakeBackend) -> Iterator[CoveyProcess]:
    values: dict[str, Any] = {
        "engines.openai": [{"name": "upstream", "base_url": f"{backend.url}/v1", "api_key": "upstream-secret",
                            "models": [{"name": "remote", "upstream": "sample"}]}],
        "engines.ollama": [{"name": "ollama", "base_url": backend.url, "models": ["sample"]}],
        "metrics.enabled": True, "metrics.ports": METRICS,
        "mesh.server.port": MESH, "mesh.server.monitor_port": MONITOR,
    }  # fmt: skip
    with one_process(tmp_path_factory.mktemp("node"), **values) as running:
        yield running


@pytest.fixture(scope="module")
def admin(node: CoveyProcess) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register("robin")
    yield client
    client.close()


@pytest.fixture(scope="module")
def member(node: CoveyProcess, admin: PlatformClient) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register("kim")
    yield client
    client.close()


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "remote", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3, **more}


# C17


def test_c17_the_ports_are_those_of_the_table(node: CoveyProcess, admin: PlatformClient) -> None:
    """One page for people, the rest on loopback. A new port needs a row here."""
    table = {int(node.url.rpartition(":")[2]), MESH, MONITOR, *METRICS.values()}
    found = {place for pid in descendants(node.pid) for place in listening(pid)}
    assert found == {("127.0.0.1", port) for port in table}
    programs = [command_of(pid) for pid in descendants(node.pid)]
    assert [program for program in programs if b"nats-server" in program]


def test_c17_nothing_but_health_metrics_and_the_reference_is_there_without_a_credential(
    node: CoveyProcess, admin: PlatformClient
) -> None:
    interface = urllib3.request("GET", node.url + "/", retries=False).data
    for path in ("/metrics", "/debug", "/debug/vars", "/debug/pprof", "/openapi.json", "/docs", "/serveLogs", "/varz",
                 "/connz", "/covey/v1/nodes", "/covey/v1/models", "/v1/models"):  # fmt: skip
        answer = urllib3.request("GET", node.url + path, retries=False)
        # The web interface, where it is built, says itself which of its pages do not exist.
        assert answer.status in (401, 404) or answer.data == interface, path
    for port in METRICS.values():
        for path in ("/debug", "/debug/pprof", "/config", "/../etc/passwd"):
            body = urllib3.request("GET", f"http://127.0.0.1:{port}{path}", retries=False).data
            assert b"root:" not in body
            assert b"covey_" in body or body == b""


# D1, D2


class Canary:
    """A listener on loopback that nobody has to come to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self.visits = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                visitor, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.visits += 1
            visitor.close()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


@contextmanager
def listening_canary() -> Iterator[Canary]:
    canary = Canary()
    try:
        yield canary
    finally:
        canary.close()


def addresses(port: int) -> list[str]:
    hosts = (
        "127.0.0.1", "127.1", "127.0.1.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "localhost", "localhost.", "LOCALHOST",
        "127.0.0.1.nip.io", "user@127.0.0.1", "user:secret@localhost", "example.org@127.0.0.1", "127.0.0.1%09",
        "127。0。0。1", "①②⑦.0.0.1", "169.254.169.254", "[fd00:ec2::254]",
    )  # fmt: skip
    found = [f"{scheme}://{host}:{port}/x.png" for host in hosts for scheme in ("http", "https")]
    return found + [
        f"http:\\\\127.0.0.1:{port}\\x", f"http://example.org\\@127.0.0.1:{port}/x", f"http:///127.0.0.1:{port}/x",
        f"//127.0.0.1:{port}/x", f"\thttp://127.0.0.1:{port}/x", f"HTTP://127.0.0.1:{port}/x", "file:///etc/passwd",
        f"gopher://127.0.0.1:{port}/_x", f"ftp://127.0.0.1:{port}/x", f"ws://127.0.0.1:{port}/x",
        f"data:text/html;url=http://127.0.0.1:{port}/x", "javascript:alert(1)", "",
    ]  # fmt: skip


def test_d1_no_address_of_a_picture_is_ever_fetched_or_passed_on(
    node: CoveyProcess, member: PlatformClient, backend: FakeBackend
) -> None:
    before = len(backend.generations())
    with listening_canary() as canary:
        urls = addresses(canary.port)
        assert len(urls) >= 60
        for url in urls:
            parts = [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": url}}]
            status, answer = member.ask(
                "POST", "/v1/chat/completions", chat(messages=[{"role": "user", "content": parts}])
            )
            assert status == 400, (url, answer)
        assert canary.visits == 0
    assert len(backend.generations()) == before


def test_d1_no_model_is_pulled_from_an_address(
    node: CoveyProcess, admin: PlatformClient, member: PlatformClient
) -> None:
    with listening_canary() as canary:
        for url in addresses(canary.port):
            status, text = pull(member, url)
            assert status in (400, 403), (url, text)
            status, text = pull(admin, url)
            assert status in (400, 403, 404) or '"error"' in text, (url, text)
        assert canary.visits == 0


def pull(client: PlatformClient, model: str) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {client.bearer}", "content-type": "application/json"}
    body = json.dumps({"model": model}).encode()
    answer = urllib3.request(
        "POST", f"{client.url}/covey/v1/models/pull", body=body, headers=headers, retries=False, timeout=30.0
    )
    return answer.status, answer.data.decode()


@pytest.mark.parametrize(
    "field",
    ["api_base", "base_url", "api_key", "headers", "extra_headers", "extra_body", "organization", "proxy", "options"],
)
def test_d2_a_client_chooses_no_upstream(member: PlatformClient, backend: FakeBackend, field: str) -> None:
    before = len(backend.generations())
    with listening_canary() as canary:
        address = f"http://127.0.0.1:{canary.port}"
        value = address if field in ("api_base", "base_url", "api_key", "organization", "proxy") else {"x": address}
        for path, body in (
            ("/v1/chat/completions", chat()),
            ("/v1/completions", {"model": "remote", "prompt": "hi"}),
            ("/v1/embeddings", {"model": "remote", "input": "hi"}),
        ):
            status, answer = member.ask("POST", path, {**body, field: value})
            assert status in (400, 422), answer
            assert field in answer["error"]["message"]
        assert canary.visits == 0
    assert len(backend.generations()) == before


def test_d2_the_upstream_hears_its_own_key_and_never_the_callers(member: PlatformClient, backend: FakeBackend) -> None:
    by_key = PlatformClient(member.url, member.key())
    by_key.must("POST", "/v1/chat/completions", chat(), **{"x-canary": "mine", "cookie": "a=b"})
    heard = backend.generations()[-1]
    assert heard.headers["authorization"] == "Bearer upstream-secret"
    assert (by_key.bearer or "?") not in json.dumps([heard.headers, heard.body])
    assert "x-canary" not in heard.headers
    assert "cookie" not in heard.headers
    by_key.close()


# D5, D6

NAMES = (
    "../../etc/passwd", "..", ".", "/etc/passwd", "remote/../remote", "a/b:c", "$(touch x)", "`id`", "; ls", "| cat",
    "*", ">", "rpc.auth.login", "$SYS.>", "évil", "\u202eremote", "remote\x00", "remote\n", "remote ", " remote",
    "evil.example/x", "hf.co/evil/x", "http://127.0.0.1/x", "x" * 1_000_000, "%2e%2e%2f", "remоte",
)  # fmt: skip


def test_d5_a_name_is_looked_up_and_nothing_else(
    node: CoveyProcess, member: PlatformClient, backend: FakeBackend
) -> None:
    before = len(backend.asked)
    for name in NAMES:
        for path, body in (
            ("/v1/chat/completions", chat(model=name)),
            ("/v1/completions", {"model": name, "prompt": "hi"}),
            ("/v1/embeddings", {"model": name, "input": "hi"}),
        ):
            status, answer = member.ask("POST", path, body)
            assert status in (400, 404), (name[:40], answer)
            assert len(json.dumps(answer)) < 2000
        detached = {"generate": {"model": name, "messages": [{"role": "user", "content": "hi"}]}}
        assert generation_of(member, detached) in ("400", "404", "model_not_found", "invalid_request"), name[:40]
        if len(name) < 1000:
            for prefix in ("/v1/models/", "/covey/v1/models/"):
                assert member.ask("GET", prefix + quote(name, safe=""))[0] in (400, 404), name
    assert [asked for asked in backend.asked[before:] if asked.path.endswith(("/completions", "/pull"))] == []
    assert member.ask("POST", "/v1/chat/completions", chat())[0] == 200


def generation_of(client: PlatformClient, body: dict[str, Any]) -> str:
    """How a detached generation ends: the status of its refusal, or the code in its last event."""
    status, answer = client.ask("POST", "/covey/v1/generations", body)
    if status >= 300:
        return str(status)
    headers = {"authorization": f"Bearer {client.bearer}"}
    path = f"{client.url}/covey/v1/generations/{answer['generation_id']}/events"
    text = urllib3.request("GET", path, headers=headers, retries=False, timeout=30.0).data.decode()
    last = json.loads(text.rstrip().rpartition("data: ")[2])
    return str(last.get("code", last["type"]))


def test_d6_members_and_their_keys_neither_pull_nor_remove(
    node: CoveyProcess, admin: PlatformClient, member: PlatformClient, backend: FakeBackend
) -> None:
    before = len(backend.asked)
    by_key = PlatformClient(member.url, member.key("everything", scopes=["inference", "account", "admin"]))
    plain = PlatformClient(admin.url, admin.key("without the scope"))
    for caller in (member, by_key, plain):
        assert pull(caller, "sample")[0] == 403
        assert caller.ask("DELETE", "/covey/v1/models/remote")[0] == 403
        assert caller.ask("GET", "/covey/v1/nodes")[0] == 403
    stranger = PlatformClient(node.url)
    assert pull(stranger, "sample")[0] == 401
    assert stranger.ask("DELETE", "/covey/v1/models/remote")[0] == 401
    assert [a.path for a in backend.asked[before:] if a.path in ("/api/pull", "/api/delete", "/api/create")] == []
    for client in (by_key, plain, stranger):
        client.close()


@pytest.mark.parametrize("verb", ["pull", "push", "create", "delete", "copy", "blobs/sha256:00"])
def test_d6_the_verbs_of_ollama_that_change_models_are_not_served_to_members(
    member: PlatformClient, backend: FakeBackend, verb: str
) -> None:
    for method in ("POST", "DELETE", "PUT", "HEAD"):
        headers = {"authorization": f"Bearer {member.bearer}", "content-type": "application/json"}
        answer = urllib3.request(method, f"{member.url}/api/{verb}", body=b"{}", headers=headers, retries=False)
        assert answer.status in (403, 404, 405), (method, answer.data)
    assert [asked for asked in backend.asked if asked.path == f"/api/{verb}"] == []
