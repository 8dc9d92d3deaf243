from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from covey.bridge.exchange import HeaderBlock
from covey.bridge.http_request import MOST_UNREAD_BYTES, DateLine, HttpRequest

CONSTANT = HeaderBlock((b"x-frame-options", b"DENY"))


class RecordingTransport:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class RecordingConnection:
    def __init__(self) -> None:
        self.wire = RecordingTransport()
        self.transport = cast("asyncio.Transport", self.wire)
        self.write_paused = False
        self.date = DateLine()
        self.reading = True
        self.responses = 0

    async def writable(self) -> None:
        self.write_paused = False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def response_ended(self) -> None:
        self.responses += 1


def request_on(connection: RecordingConnection, method: str = "POST", **how: Any) -> HttpRequest:
    how = {"keep_alive": True, "expects_continue": False} | how
    return HttpRequest(connection, method, **how)


async def test_body_arrives_as_it_comes_and_then_the_end() -> None:
    connection = RecordingConnection()
    request = request_on(connection)
    waiting = asyncio.create_task(request.receive())
    await asyncio.sleep(0)
    request.add_body(b"one")
    assert await waiting == {"type": "http.request", "body": b"one", "more_body": True}
    request.add_body(b"two")
    request.add_body(b"three")
    request.end_body()
    assert await request.receive() == {"type": "http.request", "body": b"twothree", "more_body": False}
    request.disconnect()
    assert await request.receive() == {"type": "http.disconnect"}


async def test_a_body_that_nobody_reads_stops_the_reading() -> None:
    connection = RecordingConnection()
    request = request_on(connection)
    request.add_body(b"x" * (MOST_UNREAD_BYTES + 1))
    assert not connection.reading
    await request.receive()
    assert connection.reading


async def test_a_client_that_waits_for_leave_gets_it_when_the_body_is_wanted() -> None:
    connection = RecordingConnection()
    request = request_on(connection, expects_continue=True)
    request.end_body()
    assert connection.wire.written == b""
    await request.receive()
    assert connection.wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_whole_answer_is_one_write() -> None:
    connection = RecordingConnection()
    request = request_on(connection)
    await request.whole(200, CONSTANT, [(b"content-type", b"text/plain")], b"hello")
    head, _, body = connection.wire.written.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[1] == connection.date.raw.strip()
    assert set(lines[2:]) == {b"content-type: text/plain", b"x-frame-options: DENY", b"content-length: 5"}
    assert body == b"hello"
    assert request.ended
    assert connection.responses == 1
    assert not connection.wire.closed


async def test_streamed_answer_is_chunked_and_closes_when_it_is_the_last() -> None:
    connection = RecordingConnection()
    request = request_on(connection, keep_alive=False)
    await request.begin(200, CONSTANT, [])
    await request.write(b"ab")
    await request.end(b"c")
    head, _, body = connection.wire.written.partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked\r\nconnection: close" in head
    assert body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert connection.wire.closed


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
async def test_answers_without_a_body(method: str, status: int) -> None:
    connection = RecordingConnection()
    await request_on(connection, method).whole(status, CONSTANT, [], b"" if status == 304 else b"hello")
    assert connection.wire.written.endswith(b"\r\n\r\n")
    assert (b"content-length: 5" in connection.wire.written) == (method == "HEAD")


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b"])
async def test_header_value_cannot_become_another_line(value: bytes) -> None:
    connection = RecordingConnection()
    with pytest.raises(ValueError, match="line break"):
        await request_on(connection).whole(200, CONSTANT, [(b"x-any", value)], b"")
    assert connection.wire.written == b""


async def test_nothing_is_written_to_a_client_that_left() -> None:
    connection = RecordingConnection()
    request = request_on(connection)
    request.disconnect()
    await request.whole(200, CONSTANT, [], b"hello")
    await request.end(b"more")
    assert connection.wire.written == b""
    assert connection.responses == 0
