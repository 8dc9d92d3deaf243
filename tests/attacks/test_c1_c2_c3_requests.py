"""C1 to C3: requests that two readers could understand differently, and requests addressed to somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.helpers.bridges import AUTHORIZATION, RunningBridge, running_bridge
from tests.helpers.http import exchange, request

CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-covey-test\r\n"
SECOND = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-covey-test\r\n\r\n"


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge(allowed_hosts=("covey.example",), host="0.0.0.0") as running:
        yield running


@pytest.mark.parametrize(
    "host",
    ["x/livez?", "localhost/livez?x=", "localhost#", "a\\\\@localhost", "user@localhost", "localhost:99999", "", "a b"],
)
async def test_c1_a_host_with_anything_but_a_name_and_port_is_refused(bridge: RunningBridge, host: str) -> None:
    ((status, _, _),) = await exchange(bridge.port, request("GET", "/v1/models", AUTHORIZATION | {"Host": host}))
    assert status == 400
    assert bridge.worker.operations == []


async def test_c1_two_hosts_no_host_and_absolute_targets_are_refused(bridge: RunningBridge) -> None:
    for data in (
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //localhost/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/models#/livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        ((status, _, _),) = await exchange(bridge.port, data)
        assert status == 400, data
    assert bridge.worker.operations == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.nip.io", "a.local", "localhost.", "covey.example.evil.com", "[::2]", "10.1.2.3:8080"],
)
async def test_c2_names_that_are_not_ours_are_misdirected_also_on_all_addresses(
    bridge: RunningBridge, host: str
) -> None:
    for path in ("/", "/v1/models", "/covey/v1/me", "/nothing"):
        ((status, _, _),) = await exchange(bridge.port, request("GET", path, AUTHORIZATION | {"Host": host}))
        assert status == 421, path
    assert bridge.worker.operations == []


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:80", "covey.example", "Covey.Example:443"]
)
async def test_c2_loopback_and_configured_names_are_served_on_any_port(bridge: RunningBridge, host: str) -> None:
    ((status, _, _),) = await exchange(bridge.port, request("GET", "/v1/models", AUTHORIZATION | {"Host": host}))
    assert status == 200


async def test_c2_health_is_answered_whatever_the_name(bridge: RunningBridge) -> None:
    ((status, _, body),) = await exchange(bridge.port, request("GET", "/livez", {"Host": "10.0.0.7:8080"}))
    assert (status, body) == (200, b'{"status":"ok"}')


SMUGGLED = {
    "length and chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SECOND,
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "two codings": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SECOND,
    "space before colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + SECOND,
    "length twice": HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd" + SECOND,
    "signed length": HEAD + b"Content-Length: +5\r\n\r\nabcde" + SECOND,
    "negative length": HEAD + b"Content-Length: -5\r\n\r\nabcde" + SECOND,
    "hexadecimal length": HEAD + b"Content-Length: 0x5\r\n\r\nabcde" + SECOND,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"\n" + SECOND,
    "chunk line feed": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\n0\n\n" + SECOND,
    "chunk size sign": HEAD + b"Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n" + SECOND,
    "line feed in extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a\nxx\r\n47\r\n0\r\n\r\n" + SECOND,
    "trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Api-Key: sk\r\n\r\n" + SECOND,
    "folded header": HEAD + b"A: b\r\n c\r\n\r\n" + SECOND,
    "null in header": HEAD + b"A: b\x00c\r\n\r\n" + SECOND,
    "old protocol with chunks": HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_c3_ambiguous_framing_is_refused_and_nothing_after_it_is_served(bridge: RunningBridge, name: str) -> None:
    responses = await exchange(bridge.port, SMUGGLED[name])
    assert [status for status, _, _ in responses] == [400]
    assert bridge.worker.operations == []
    assert bridge.worker.starts == []


async def test_c3_well_framed_requests_in_one_packet_are_answered_in_order(bridge: RunningBridge) -> None:
    body = request("POST", "/v1/chat/completions", AUTHORIZATION, CHAT, close=False)
    responses = await exchange(bridge.port, body + SECOND + request("GET", "/livez"))
    assert [status for status, _, _ in responses] == [200, 200, 200]
    assert b"chat.completion" in responses[0][2]
    assert b'"object":"list"' in responses[1][2]


async def test_c3_chunked_bodies_are_read(bridge: RunningBridge) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (CHAT[:7], CHAT[7:])) + b"0\r\n\r\n"
    data = request("POST", "/v1/chat/completions", AUTHORIZATION | {"Transfer-Encoding": "chunked"}, chunks)
    ((status, _, _),) = await exchange(bridge.port, data)
    assert status == 200
