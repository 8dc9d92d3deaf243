from __future__ import annotations

import asyncio

import pytest

from covey.backends.http import HttpConfig, HttpPool
from covey.errors import BackendProtocolError, BackendUnavailable, CoveyError
from covey.testing.eventually import eventually
from tests.helpers.scripted_server import STREAM_END, STREAM_HEAD, Peer, answer, chunk, scripted_server

pytestmark = pytest.mark.sockets


async def outcome(data: bytes, config: HttpConfig | None = None) -> tuple[bytes, type[CoveyError] | None, int]:
    """What came of the body, how it failed, and the connections left after the server sent ``data`` and closed."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(data)

    async with scripted_server(script) as server:
        pool = HttpPool(server.url, config)
        found = b""
        failure: type[CoveyError] | None = None
        try:
            response = await pool.send("GET", "/x")
            try:
                while part := await response.chunk():
                    found += part
            finally:
                response.close()
        except CoveyError as error:
            failure = type(error)
        await pool.close()
        return found, failure, pool.connections


@pytest.mark.parametrize(
    ("data", "body", "failure"),
    [
        (answer(b"abc"), b"abc", None),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"abc"), b"abc", None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", b"abc", BackendUnavailable),
        (STREAM_HEAD + chunk(b"abc"), b"abc", BackendUnavailable),
        (STREAM_HEAD + chunk(b"abc") + b"zz\r\n", b"abc", BackendProtocolError),
        (STREAM_HEAD + b"ffffffffffffffffffff\r\nabc", b"", BackendProtocolError),
        (b"SSH-2.0-OpenSSH_9.9\r\n", b"", BackendProtocolError),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", b"", BackendProtocolError),
        (b"", b"", BackendUnavailable),
    ],
    ids=["length", "until close", "continue", "empty", "short", "cut", "bad chunk", "huge chunk", "not http", "upgrade",
         "nothing"],
)  # fmt: skip
async def test_answers_end_as_their_framing_says(data: bytes, body: bytes, failure: type[CoveyError] | None) -> None:
    assert await outcome(data) == (body, failure, 0)


async def test_a_compressed_answer_is_refused() -> None:
    data = answer(b"\x1f\x8b bomb", headers="content-encoding: gzip\r\n")
    assert await outcome(data) == (b"", BackendProtocolError, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x%d: y\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 " + b"a" * 100_000,
    ],
    ids=["one long header", "many headers", "long status"],
)
async def test_a_head_without_end_is_refused(data: bytes) -> None:
    assert await outcome(data) == (b"", BackendProtocolError, 0)


async def test_a_trailer_without_end_is_refused() -> None:
    data = STREAM_HEAD + chunk(b"abc") + b"0\r\nx: " + b"a" * 2_000_000
    assert await outcome(data, HttpConfig(max_head_bytes=10_000)) == (b"abc", BackendProtocolError, 0)


async def test_a_second_answer_nobody_asked_for_is_never_taken_for_the_next_one() -> None:
    async def doubles(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"mine") + answer(b"poison"))
        await peer.request()
        await peer.send(answer(b"mine"))

    async with scripted_server(doubles) as server:
        pool = HttpPool(server.url)
        for _ in range(3):
            assert (await pool.fetch("GET", "/x"))[1] == b"mine"
        assert server.connections == 3
        await pool.close()


async def test_an_answer_to_no_question_closes_the_connection() -> None:
    async def late(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"mine"))
        if peer.server.connections == 1:
            await peer.send(answer(b"poison"))
        await peer.closed()

    async with scripted_server(late) as server:
        pool = HttpPool(server.url)
        assert (await pool.fetch("GET", "/x"))[1] == b"mine"
        assert (await pool.fetch("GET", "/x"))[1] == b"mine"
        await pool.close()


async def test_connection_close_is_obeyed() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"abc", headers="connection: close\r\n"))
        await peer.closed()

    async with scripted_server(script) as server:
        pool = HttpPool(server.url)
        assert (await pool.fetch("GET", "/x"))[1] == b"abc"
        assert (await pool.fetch("GET", "/x"))[1] == b"abc"
        assert server.connections == 2
        await pool.close()


PIECES = 50


async def in_pieces(peer: Peer) -> None:
    """A stream of numbered pieces, sent one by one."""
    while True:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"begin;"))
        for number in range(PIECES):
            await peer.send(chunk(b"%d;" % number))
            await asyncio.sleep(0)
        await peer.send(STREAM_END)


@pytest.mark.parametrize("interval_s", [0.0, 0.05])
async def test_a_paced_answer_is_whole_and_read_no_more_often_than_asked(interval_s: float) -> None:
    loop = asyncio.get_running_loop()
    async with scripted_server(in_pieces) as server:
        pool = HttpPool(server.url, HttpConfig(read_interval_s=interval_s))
        assert pool.paces == (interval_s > 0)
        for _ in range(2):
            response = await pool.send("GET", "/x")
            found = [await response.chunk()]
            response.paced = pool.paces
            began = loop.time()
            while data := await response.chunk():
                found.append(data)
            response.close()
            assert b"".join(found) == b"begin;" + b"".join(b"%d;" % number for number in range(PIECES))
            if interval_s:
                assert len(found) <= (loop.time() - began) / interval_s + 3
        assert server.connections == 1
        await pool.close()


@pytest.mark.parametrize("ending", ["close", "release", "pool"])
async def test_an_answer_that_rests_is_given_up_at_once(ending: str) -> None:
    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"a"))
        while not peer.server.closed_by_client:
            await peer.send(chunk(b"b" * 1000))

    async with scripted_server(endless) as server:
        pool = HttpPool(server.url, HttpConfig(read_interval_s=3600.0))
        response = await pool.send("GET", "/x")
        response.paced = True
        while b"b" not in await response.chunk():
            pass
        if ending == "close":
            response.close()
        elif ending == "release":  # what goes on and on after the end is not waited for
            response.release()
        else:
            await pool.close()
        await eventually(lambda: pool.connections == 0)
        await pool.close()
