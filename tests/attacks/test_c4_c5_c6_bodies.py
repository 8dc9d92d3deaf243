"""C4 to C6: what is echoed, and bodies that are too long, too deep, too wide, broken or packed."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from tests.helpers.bridges import AUTHORIZATION, RunningBridge, running_bridge
from tests.helpers.http import RawConnection, exchange, request

LIMIT_BYTES = 12_000_000
CHAT_PATH = "/v1/chat/completions"


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge(max_body_bytes=LIMIT_BYTES) as running:
        yield running


async def post(bridge: RunningBridge, body: bytes, path: str = CHAT_PATH, **headers: str) -> tuple[int, bytes]:
    sent = AUTHORIZATION | {"Content-Type": "application/json"} | headers
    ((status, _, answer),) = await exchange(bridge.port, request("POST", path, sent, body))
    return status, answer


@pytest.mark.parametrize("given", ["a\tb", "x" * 65, "a b", "é", "a;b", "", "../x"])
async def test_c4_a_malformed_request_id_is_replaced(bridge: RunningBridge, given: str) -> None:
    ((_, headers, _),) = await exchange(bridge.port, request("GET", "/livez", {"X-Request-Id": given}))
    assert headers["x-request-id"].startswith("req_")


async def test_c4_a_well_formed_request_id_is_kept(bridge: RunningBridge) -> None:
    ((_, headers, _),) = await exchange(bridge.port, request("GET", "/livez", {"X-Request-Id": "Abc-1_2"}))
    assert headers["x-request-id"] == "Abc-1_2"


async def test_c4_line_breaks_in_names_split_no_header(bridge: RunningBridge) -> None:
    for path in ("/v1/models/a%0d%0aX-Injected:%20y", "/%0d%0aX-Injected:%20y", "/covey/v1/models/%0aX-Injected:y"):
        ((status, headers, _),) = await exchange(bridge.port, request("GET", path, AUTHORIZATION))
        assert status == 400
        assert "x-injected" not in headers
    body = json.dumps({"model": "a\r\nX-Injected: y", "messages": [{"role": "user", "content": "x"}], "a\r\nb": 1})
    sent = request("POST", CHAT_PATH, AUTHORIZATION, body.encode())
    ((status, headers, answer),) = await exchange(bridge.port, sent)
    assert status == 200
    assert "x-injected" not in headers
    assert "x-covey-ignored" not in headers
    assert json.loads(answer)["model"] == "a\r\nX-Injected: y"


async def test_c5_a_declared_body_that_is_too_long_is_refused_before_it_is_sent(bridge: RunningBridge) -> None:
    head = request("POST", CHAT_PATH, AUTHORIZATION | {"Content-Length": str(10**12)}, close=False)
    async with RawConnection(bridge.port) as connection:
        await connection.send(head)
        response = await connection.read_response()
    assert response.status == 413
    assert response.closed


async def test_c5_a_chunked_body_is_counted_while_it_arrives() -> None:
    async with running_bridge(max_body_bytes=10_000) as bridge:
        head = request("POST", CHAT_PATH, AUTHORIZATION | {"Transfer-Encoding": "chunked"}, close=False)
        async with RawConnection(bridge.port) as connection:
            await connection.send(head)
            for _ in range(20):
                await connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
            response = await connection.read_response()
        assert response.status == 413
        assert json.loads(response.body)["error"]["code"] == "payload_too_large"


BROKEN = {
    "deep lists": b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep unknown": b'{"model":"m","zzz":' + b"[" * 100_000 + b"]" * 100_000 + b',"messages":[]}',
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a million keys": b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}",
    "keys in a known field": b'{"model":"m","response_format":{'
    + b",".join(b'"k%d":1' % number for number in range(500_000))
    + b"}}",
    "a long number": b'{"model":"m","messages":[],"seed":' + b"9" * 100_000 + b"}",
    "infinite": b'{"model":"m","messages":[],"temperature":1e999}',
    "not a number": b'{"model":"m","messages":[],"temperature":NaN}',
    "lone surrogate": b'{"model":"\\ud800","messages":[]}',
    "other surrogate": b'{"model":"\\udc00x","messages":[]}',
    "invalid utf-8": b'{"model":"\xff\xfe","messages":[]}',
    "byte order mark": b'\xef\xbb\xbf{"model":"m","messages":[]}',
    "utf-16": '{"model":"m"}'.encode("utf-16"),
    "empty": b"",
    "a list": b"[]",
    "null": b"null",
    "cut off": b'{"model":"m","messages":[{"role":"us',
    "two values": b'{"model":"m"} {"model":"n"}',
    "wrong role": b'{"model":"m","messages":[{"role":"root","content":"x"}]}',
    "no messages": b'{"model":"m","messages":[]}',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_c5_broken_and_bloated_json_is_refused(bridge: RunningBridge, name: str) -> None:
    status, answer = await post(bridge, BROKEN[name])
    assert status == 400
    error = json.loads(answer)["error"]
    assert error["type"] == "invalid_request_error"
    assert len(answer) < 1000
    assert bridge.worker.starts == []


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in ("empty", "wrong role", "no messages")])
async def test_c5_the_platform_api_refuses_the_same(bridge: RunningBridge, name: str) -> None:
    status, answer = await post(bridge, BROKEN[name], "/covey/v1/auth/login")
    assert status in (400, 413, 422)
    assert json.loads(answer)["status"] == status
    assert bridge.worker.operations == []


async def test_c5_the_error_names_the_field(bridge: RunningBridge) -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":"many"}'
    status, answer = await post(bridge, body)
    assert status == 400
    assert json.loads(answer)["error"]["param"] == "max_tokens"


async def test_c5_a_long_honest_body_is_served(bridge: RunningBridge) -> None:
    text = 'He said "well, yes", and left. ' * 100_000
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    status, _ = await post(bridge, body)
    assert status == 200
    assert bridge.worker.starts[0].generate.messages[0].content == text


async def test_c5_the_last_of_a_doubled_key_counts_for_the_bridge_and_for_nobody_else(bridge: RunningBridge) -> None:
    body = b'{"model":"a","model":"b","messages":[{"role":"user","content":"x"}]}'
    status, answer = await post(bridge, body)
    assert status == 200
    assert json.loads(answer)["model"] == bridge.worker.starts[0].generate.model == "b"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip"])
async def test_c6_packed_bodies_are_refused_unopened(bridge: RunningBridge, encoding: str) -> None:
    packed = gzip.compress(b"0" * 1_000_000)
    for path in (CHAT_PATH, "/covey/v1/auth/login"):
        status, _ = await post(bridge, packed, path, **{"Content-Encoding": encoding})
        assert status == 415


async def test_c12_forms_and_plain_texts_are_no_json_for_the_platform_api(bridge: RunningBridge) -> None:
    body = b'{"username":"a","password":"b"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        status, _ = await post(bridge, body, "/covey/v1/auth/login", **{"Content-Type": kind})
        assert status == 415
    assert bridge.worker.operations == []
