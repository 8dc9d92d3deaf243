from __future__ import annotations

import msgspec
import pytest

from covey.backends.http import HttpPool
from covey.backends.whole_answer import ask
from covey.errors import BackendProtocolError, BackendUnavailable, CoveyError, Overloaded
from tests.helpers.scripted_server import Peer, answer, scripted_server

pytestmark = pytest.mark.sockets


class Shape(msgspec.Struct):
    count: int


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (answer(b'{"count":"x"}'), BackendProtocolError),
        (answer(b"<html>"), BackendProtocolError),
        (answer(b'{"count":1}', status="500 X"), BackendUnavailable),
        (answer(b"{}", status="429 X", headers="retry-after: 3\r\n"), Overloaded),
        (b"", BackendUnavailable),
    ],
)
async def test_anything_but_the_answer_is_an_error_by_name(data: bytes, error: type[CoveyError]) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(data)

    async with scripted_server(script) as server:
        pool = HttpPool(server.url)
        with pytest.raises(error):
            await ask(pool, "GET", "/x", Shape)
        await pool.close()


async def test_the_answer_comes_as_its_type() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b'{"count":7,"more":1}'))

    async with scripted_server(script) as server:
        pool = HttpPool(server.url)
        assert (await ask(pool, "GET", "/x", Shape)).count == 7
        await pool.close()


async def test_an_answer_that_trickles_for_ever_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        await peer.closed()

    async with scripted_server(script) as server:
        pool = HttpPool(server.url)
        with pytest.raises(BackendUnavailable, match="in time"):
            await ask(pool, "GET", "/x", Shape, timeout_s=0.05)
        await pool.close()
