from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from covey.backends.http import HttpConfig, HttpPool
from covey.errors import BackendProtocolError, BackendUnavailable, BadSettings
from covey.testing.eventually import eventually
from tests.helpers.scripted_server import STREAM_END, STREAM_HEAD, Peer, answer, chunk, scripted_server

pytestmark = pytest.mark.sockets


async def always(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.send(answer(b'{"ok":true}'))


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with scripted_server(always) as server:
        pool = HttpPool(server.url + "/v1/", bearer="secret-key")
        for _ in range(3):
            response, body = await pool.fetch("POST", "/chat", b'{"a":1}')
            assert (response.status, response.content_type, body) == (200, "application/json", b'{"ok":true}')
        assert server.connections == 1
        await pool.close()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat HTTP/1.1\r\n")
    assert b"authorization: Bearer secret-key" in head
    assert b"accept-encoding: identity" in head
    assert body == b'{"a":1}'


async def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async with scripted_server(always) as server:
        pool = HttpPool(server.url)
        await asyncio.gather(*(pool.fetch("GET", "/x") for _ in range(5)))
        assert server.connections == 5
        assert pool.connections == 5
        await pool.close()
        assert pool.connections == 0


async def test_no_more_unused_connections_are_kept_than_allowed() -> None:
    async with scripted_server(always) as server:
        pool = HttpPool(server.url, HttpConfig(max_idle_connections=2))
        await asyncio.gather(*(pool.fetch("GET", "/x") for _ in range(5)))
        await eventually(lambda: pool.connections <= 2)
        await pool.close()


async def test_a_stale_connection_is_replaced_once() -> None:
    async def closes_after_each(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await peer.request()  # and no answer

    async with scripted_server(closes_after_each) as server:
        pool = HttpPool(server.url)
        await pool.fetch("POST", "/x", b"1")
        await pool.fetch("POST", "/x", b"2")
        assert server.connections == 2
        assert len(server.requests) == 3
        await pool.close()


async def test_a_request_is_not_repeated_once_anything_of_its_answer_came() -> None:
    async def breaks_the_second(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")

    async with scripted_server(breaks_the_second) as server:
        pool = HttpPool(server.url)
        await pool.fetch("POST", "/x", b"1")
        with pytest.raises(BackendUnavailable, match="in the middle"):
            await pool.fetch("POST", "/x", b"2")
        assert len(server.requests) == 2
        await pool.close()


async def test_a_new_connection_that_dies_is_not_tried_again() -> None:
    async def never(peer: Peer) -> None:
        await peer.request()

    async with scripted_server(never) as server:
        pool = HttpPool(server.url)
        with pytest.raises(BackendUnavailable, match="before it answered"):
            await pool.fetch("POST", "/x", b"1")
        assert server.connections == 1
        await pool.close()


async def test_a_stream_is_given_out_as_it_comes() -> None:
    go_on = asyncio.Event()

    async def streams(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"one") + chunk(b"two"))
        await go_on.wait()
        await peer.send(chunk(b"three") + STREAM_END)

    async with scripted_server(streams) as server:
        pool = HttpPool(server.url)
        response = await pool.send("POST", "/x", b"{}")
        assert await response.chunk() == b"onetwo"
        go_on.set()
        assert await response.chunk() == b"three"
        assert await response.chunk() == b""
        response.close()
        await pool.close()


async def test_closing_an_unfinished_answer_closes_its_connection() -> None:
    async def streams(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"one"))
        await peer.closed()

    async with scripted_server(streams) as server:
        pool = HttpPool(server.url)
        response = await pool.send("POST", "/x", b"{}")
        response.close()
        response.close()
        await eventually(lambda: bool(server.closed_by_client))
        assert pool.connections == 0
        await pool.close()


async def test_a_cancelled_request_closes_its_connection() -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.closed()

    async with scripted_server(silent) as server:
        pool = HttpPool(server.url)
        task = asyncio.create_task(pool.fetch("POST", "/x", b"{}"))
        await eventually(lambda: bool(server.requests))
        task.cancel()
        await eventually(lambda: bool(server.closed_by_client))
        with pytest.raises(asyncio.CancelledError):
            await task
        await pool.close()


@pytest.mark.parametrize("begun", [False, True], ids=["before the first byte", "in the middle"])
async def test_silence_ends_an_exchange(begun: bool) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        if begun:
            await peer.send(STREAM_HEAD + chunk(b"one"))
        await peer.closed()

    async with scripted_server(silent) as server:
        limits = {"idle_timeout_s": 0.05} if begun else {"first_byte_timeout_s": 0.05}
        pool = HttpPool(server.url, HttpConfig(**limits))  # type: ignore[arg-type]
        with pytest.raises(BackendUnavailable, match="in the middle" if begun else "in time"):
            await pool.fetch("POST", "/x", b"{}")
        await pool.close()


async def test_a_slow_reader_holds_up_the_sender_and_loses_nothing() -> None:
    sent_all = asyncio.Event()
    total = 8_000_000

    async def floods(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        for _ in range(total // 100_000):
            await peer.send(b"x" * 100_000)
        sent_all.set()

    async with scripted_server(floods) as server:
        pool = HttpPool(server.url, HttpConfig(idle_timeout_s=0.4))
        response = await pool.send("GET", "/x")
        await asyncio.sleep(0.5)  # longer than the silence that is allowed: waiting for us is none
        assert not sent_all.is_set()
        assert response.buffered_bytes < 2_000_000
        assert len(await response.read(total)) == total
        response.close()
        await pool.close()


async def test_a_whole_body_may_not_be_larger_than_allowed() -> None:
    async def large(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"x" * 2000))

    async with scripted_server(large) as server:
        pool = HttpPool(server.url, HttpConfig(max_body_bytes=1000))
        with pytest.raises(BackendProtocolError, match="too large"):
            await pool.fetch("GET", "/x")
        await pool.close()


async def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        pool = HttpPool(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(BackendUnavailable, match="cannot be reached"):
            await pool.fetch("GET", "/x")


async def test_close_ends_what_runs_and_the_pool_can_be_used_again() -> None:
    async def first_silent(peer: Peer) -> None:
        await peer.request()
        if peer.server.connections == 1:
            await peer.closed()
        await peer.send(answer())
        await peer.closed()

    async with scripted_server(first_silent) as server:
        pool = HttpPool(server.url)
        task = asyncio.create_task(pool.fetch("GET", "/x"))
        await eventually(lambda: bool(server.requests))
        await pool.close()
        with pytest.raises(BackendUnavailable):
            await task
        await pool.close()
        assert (await pool.fetch("GET", "/x"))[0].status == 200
        await pool.close()


async def test_unused_connections_are_closed_when_they_are_old() -> None:
    async with scripted_server(always) as server:
        pool = HttpPool(server.url, HttpConfig(keep_alive_s=0.05))
        await pool.fetch("GET", "/x")
        await eventually(lambda: pool.connections == 0)


async def test_tls_is_verified_against_the_given_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with scripted_server(always, tls=context) as server:
        trusting = HttpPool(server.url, HttpConfig(ca_file=str(tmp_path / "ca.pem")))
        assert (await trusting.fetch("GET", "/x"))[1] == b'{"ok":true}'
        await trusting.close()
        wary = HttpPool(server.url)
        with pytest.raises(BackendUnavailable, match="TLS"):
            await wary.fetch("GET", "/x")
        await wary.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?q=1",
        "http://x#f",
        "http://x:99999",
        "x",
        "http://a b",
        "http://x/\r\ny",
    ],
)
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(BadSettings):
        HttpPool(url)


def test_a_key_that_would_break_the_head_is_refused() -> None:
    with pytest.raises(BadSettings):
        HttpPool("http://x", bearer="a\r\nb")


async def test_a_request_id_goes_along_only_when_it_is_one() -> None:
    async with scripted_server(always) as server:
        pool = HttpPool(server.url)
        for request_id in ("req_1", "a\r\nx: y"):
            (await pool.send("POST", "/x", b"{}", request_id=request_id)).close()
        await pool.close()
    assert b"x-request-id: req_1\r\n" in server.requests[0]
    assert b"x-request-id" not in server.requests[1]
