from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from covey.backends.http import HttpConfig, HttpPool, Response
from covey.backends.json_lines import LineParser
from covey.backends.runs import Runs
from covey.backends.streamed_answer import Question, merged, stream_answer, whole_answer
from covey.errors import BackendProtocolError, BackendUnavailable, InvalidRequest
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Delta, Finished, GenerationEvent, Started
from covey.testing.eventually import eventually
from tests.helpers.scripted_server import STREAM_END, STREAM_HEAD, Peer, Script, chunk, scripted_server

pytestmark = pytest.mark.sockets
REQUEST = RequestId("req_1")


class WordReader:
    """A dialect of one word a line; ``.`` ends the answer, ``!`` is no word."""

    def __init__(self) -> None:
        self.done = False
        self.ended = False

    def take(self, piece: bytes) -> Delta | None:
        if piece == b"!":
            raise BackendProtocolError("not a word")
        if piece == b".":
            self.ended = True
            return None
        return Delta(text=piece.decode())

    def finish(self) -> Finished:
        if not self.ended:
            raise BackendProtocolError("not whole")
        return Finished(reason="stop")

    def cancel(self) -> Finished:
        return Finished(reason="cancelled")


async def anything(response: Response) -> None:
    assert response.status == 200


def question() -> Question:
    return Question("/x", b"{}", Started(model=ModelName("m")), LineParser(), WordReader(), anything)


async def texts(script: Script, config: HttpConfig | None = None) -> list[str]:
    async with scripted_server(script) as server:
        pool, runs = HttpPool(server.url, config), Runs()
        try:
            events = [event async for event in stream_answer(pool, runs, REQUEST, question)]
        finally:
            assert len(runs) == 0
            await pool.close()
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    return [event.text for event in events if isinstance(event, Delta)]


def sends(data: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + data)

    return script


async def test_the_pieces_of_one_read_are_given_out_together() -> None:
    assert await texts(sends(chunk(b"one\ntwo\nthr") + chunk(b"ee\n.\n") + STREAM_END)) == ["onetwothree"]


@pytest.mark.parametrize("read_interval_s", [0.0, 0.01])
async def test_a_stream_loses_nothing_however_often_it_is_read(read_interval_s: float) -> None:
    words = [f"w{number}" for number in range(30)]

    async def in_pieces(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        for word in words:
            await peer.send(chunk(word.encode() + b"\n"))
            await asyncio.sleep(0)
        await peer.send(chunk(b".\n") + STREAM_END)

    assert "".join(await texts(in_pieces, HttpConfig(read_interval_s=read_interval_s))) == "".join(words)


def test_only_neighbours_of_one_kind_are_joined_and_tokens_are_counted() -> None:
    called = Delta(tool_calls=({"index": 0},))
    deltas = [
        Delta(text="a"),
        Delta(text="b", tokens=2),
        Delta(reasoning="r"),
        Delta(reasoning="s"),
        called,
        Delta(text="c"),
    ]
    assert merged(deltas) == [Delta(text="ab", tokens=3), Delta(reasoning="rs", tokens=2), called, Delta(text="c")]


async def test_a_last_piece_without_its_line_end_counts() -> None:
    assert await texts(sends(chunk(b"one\n.") + STREAM_END)) == ["one"]


async def test_a_connection_that_breaks_after_the_end_does_no_harm() -> None:
    assert await texts(sends(chunk(b"one\n.\n"))) == ["one"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (chunk(b"one\n") + STREAM_END, BackendProtocolError),
        (chunk(b"one\n!\n.\n") + STREAM_END, BackendProtocolError),
        (chunk(b"one\n"), BackendUnavailable),
    ],
    ids=["not whole", "no word", "broken off"],
)
async def test_an_answer_that_is_not_whole_is_an_error(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await texts(sends(data))


async def test_closing_the_generator_closes_the_connection() -> None:
    async def goes_on(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"one\n"))
        await peer.closed()

    async with scripted_server(goes_on) as server:
        pool, runs = HttpPool(server.url), Runs()
        stream = cast("AsyncGenerator[GenerationEvent]", stream_answer(pool, runs, REQUEST, question))
        async for event in stream:
            if isinstance(event, Delta):
                break
        await stream.aclose()
        assert len(runs) == 0
        await eventually(lambda: server.closed_by_client == 1)
        await pool.close()


async def test_what_is_wrong_with_the_question_is_raised_at_the_first_event() -> None:
    def wrong() -> Question:
        raise InvalidRequest("no")

    stream = stream_answer(HttpPool("http://127.0.0.1:1"), Runs(), REQUEST, wrong)
    with pytest.raises(InvalidRequest):
        await anext(aiter(stream))


async def wholly(script: Script) -> list[str]:
    async with scripted_server(script) as server:
        pool, runs = HttpPool(server.url), Runs()
        try:
            whole = await whole_answer(pool, runs, REQUEST, question())
        finally:
            assert len(runs) == 0
            await pool.close()
    assert whole.started == Started(model=ModelName("m"))
    assert whole.finished == Finished(reason="stop")
    return [delta.text for delta in whole.deltas]


async def test_a_call_collects_every_piece_of_a_stream() -> None:
    assert await wholly(sends(chunk(b"one\ntwo\nthr") + chunk(b"ee\n.\n") + STREAM_END)) == ["one", "two", "three"]


async def test_a_connection_that_breaks_after_the_end_does_no_harm_to_a_call() -> None:
    assert await wholly(sends(chunk(b"one\n.\n"))) == ["one"]


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (chunk(b"one\n") + STREAM_END, BackendProtocolError, "not whole"),
        (chunk(b"one\n!\n.\n") + STREAM_END, BackendProtocolError, "not a word"),
        (chunk(b"one\n"), BackendUnavailable, "closed the connection"),
    ],
    ids=["not whole", "no word", "broken off"],
)
async def test_a_call_gives_no_answer_that_is_not_whole(data: bytes, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        await wholly(sends(data))


@pytest.mark.parametrize("call", [False, True], ids=["events", "call"])
async def test_an_abort_is_one_whatever_way_the_body_breaks_off(call: bool) -> None:
    """Of a body without a length the end of the connection is the end: half of it is then no whole answer."""
    reached = asyncio.Event()

    async def half(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{")
        reached.set()
        await peer.closed()

    async def check(response: Response) -> None:
        if await response.read(1000) != b"{}":
            raise BackendProtocolError("not whole")

    def asked() -> Question:
        return Question("/x", b"{}", Started(model=ModelName("m")), LineParser(), WordReader(), check)

    async def finished(pool: HttpPool, runs: Runs) -> GenerationEvent:
        if call:
            return (await whole_answer(pool, runs, REQUEST, asked())).finished
        return [event async for event in stream_answer(pool, runs, REQUEST, asked)][-1]

    async with scripted_server(half) as server:
        pool, runs = HttpPool(server.url), Runs()
        task = asyncio.create_task(finished(pool, runs))
        await reached.wait()
        runs.cancel(REQUEST)
        assert await task == Finished(reason="cancelled")
        assert len(runs) == 0
        await pool.close()
