"""C13 to C16: what answers carry, and what they never do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.errors import ERRORS_BY_CODE, error_from_code
from covey.protocol.inference import GenerationEvent, StartGeneration
from tests.helpers.bridges import AUTHORIZATION, RunningBridge, running_bridge
from tests.helpers.http import exchange, request

CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
SECRET = "/var/lib/covey gateway.operate sk-canary http://10.0.0.5:11434"


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[RunningBridge]:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Covey</title>")
    (web / "assets" / "index-Ab12Cd34.js").write_text("console.log(1)")
    (web / "assets" / "index-Ab12Cd34.js.br").write_bytes(b"brotli")
    (web / ".env").write_text("SECRET=1")
    (tmp_path / "outside.txt").write_text("outside")
    (web / "link.txt").symlink_to(tmp_path / "outside.txt")
    async with running_bridge(web_directory=str(web), allowed_origins=("https://chat.example",)) as running:
        yield running


async def answer(
    bridge: RunningBridge, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    (found,) = await exchange(bridge.port, request(method, path, headers, body))
    return found


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://chat.example.evil", "http://chat.example", "https://chat.example/"],
)
async def test_c13_origins_that_are_not_listed_get_no_permission(bridge: RunningBridge, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        sent = AUTHORIZATION | {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, headers, _ = await answer(bridge, method, "/v1/models", sent)
        assert not [name for name in headers if name.startswith("access-control-")]
        assert status == (200 if method == "GET" else 405)


async def test_c13_the_listed_origin_is_named_exactly_and_never_with_credentials(bridge: RunningBridge) -> None:
    sent = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST"}
    status, headers, _ = await answer(bridge, "OPTIONS", "/v1/chat/completions", sent)
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://chat.example"
    assert "authorization" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers
    assert headers["vary"] == "origin"
    status, headers, _ = await answer(bridge, "GET", "/v1/models", {"Origin": "https://chat.example"})
    assert status == 401
    assert headers["access-control-allow-origin"] == "https://chat.example"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/assets/index-Ab12Cd34.js"),
        ("GET", "/some/page"),
        ("GET", "/missing.js"),
        ("GET", "/v1/models"),
        ("GET", "/v1/nothing"),
        ("DELETE", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/covey/v1/me"),
        ("GET", "/covey/v1/nothing"),
        ("GET", "/covey/v1/docs"),
        ("GET", "/covey/v1/openapi.json"),
        ("GET", "/livez"),
        ("GET", "/../etc/passwd"),
        ("TRACE", "/"),
        ("GET", "/ http"),
    ],
)
async def test_c14_every_answer_has_the_security_headers(bridge: RunningBridge, method: str, path: str) -> None:
    _, headers, _ = await answer(bridge, method, path)
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/assets/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/%2e%2e%2foutside.txt",
        "/..%2foutside.txt",
        "/assets/..;/..;/outside.txt",
        "/assets/%2e%2e;x/outside.txt",
        "//outside.txt",
        "/assets//index-Ab12Cd34.js",
        "/outside.txt%00.js",
        "/..%5coutside.txt",
        "/%ff/outside.txt",
        "/.env",
        "/link.txt",
        "/%252e%252e%252foutside.txt",
        "/assets/.",
    ],
)
async def test_c15_no_path_leads_out_of_the_web_directory(bridge: RunningBridge, path: str) -> None:
    status, _, body = await answer(bridge, "GET", path)
    assert status in (400, 404)
    assert b"outside" not in body.replace(path.encode(), b"").replace(b"outside.txt", b"")
    assert b"SECRET" not in body


async def test_c15_ranges_cost_nothing(bridge: RunningBridge) -> None:
    ranges = "bytes=" + ",".join(f"{number}-{number}" for number in range(5000))
    status, _, body = await answer(bridge, "GET", "/", {"Range": ranges[:30_000]})
    assert status == 200
    assert body.startswith(b"<!doctype")


async def test_files_are_served_packed_cached_and_with_their_type(bridge: RunningBridge) -> None:
    path = "/assets/index-Ab12Cd34.js"
    _, headers, body = await answer(bridge, "GET", path, {"Accept-Encoding": "gzip, br"})
    assert (headers["content-encoding"], body) == ("br", b"brotli")
    assert headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"]
    _, headers, body = await answer(bridge, "GET", path)
    assert body == b"console.log(1)"
    _, index, _ = await answer(bridge, "GET", "/")
    assert index["cache-control"] == "no-cache"
    status, _, body = await answer(bridge, "GET", "/", {"If-None-Match": index["etag"]})
    assert (status, body) == (304, b"")
    status, _, body = await answer(bridge, "GET", "/chat/conv_123")
    assert (status, body[:9]) == (200, b"<!doctype")


@pytest.mark.parametrize("code", sorted(ERRORS_BY_CODE))
async def test_c16_every_named_error_has_its_status_and_shape(bridge: RunningBridge, code: str) -> None:
    error = error_from_code(code, "a safe detail", retry_after_s=1.0)

    async def fails(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        raise error
        yield

    bridge.worker.script = fails
    bridge.worker.operation_error = error
    status, headers, body = await answer(bridge, "POST", "/v1/chat/completions", AUTHORIZATION, CHAT)
    assert status == error.http_status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
    assert "x-request-id" in headers
    status, headers, body = await answer(bridge, "GET", "/covey/v1/me", AUTHORIZATION)
    problem = json.loads(body)
    assert (status, problem["status"], problem["code"]) == (error.http_status, error.http_status, code)
    assert headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == headers["x-request-id"]
    if status == 503 or error.retryable:
        assert headers["retry-after"] in ("1", "2")


async def test_c16_unexpected_exceptions_are_answered_without_their_text(bridge: RunningBridge) -> None:
    async def fails(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        raise RuntimeError(SECRET)
        yield

    bridge.worker.script = fails
    for body in (CHAT, CHAT[:-1] + b',"stream":true}'):
        status, _, found = await answer(bridge, "POST", "/v1/chat/completions", AUTHORIZATION, body)
        assert status == 500
        for word in SECRET.split():
            assert word.encode() not in found
        assert b"Traceback" not in found
        assert b"RuntimeError" not in found


async def test_c18_no_label_holds_what_clients_send(bridge: RunningBridge) -> None:
    from prometheus_client import generate_latest

    for path in ("/canary-path", "/v1/models/canary-model", "/covey/v1/sessions/canary-session"):
        for method in ("GET", "CANARY", "DELETE"):
            await exchange(bridge.port, request(method, path, AUTHORIZATION | {"X-Request-Id": "canary-id"}))
    assert b"canary" not in generate_latest(bridge.registry).lower()
