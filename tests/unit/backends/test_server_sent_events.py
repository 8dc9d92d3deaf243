from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.backends.server_sent_events import EventParser
from covey.errors import BackendProtocolError


def parsed(*pieces: bytes) -> list[bytes]:
    parser = EventParser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return found + parser.finish()


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: one\n\n", [b"one"]),
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data:one\n\n", [b"one"]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
        (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
        (b": comment\n\ndata: one\n\n", [b"one"]),
        (b"event: message\nid: 7\nretry: 10\ndata: one\n\n", [b"one"]),
        (b"data: one\ndata: two\n\n", [b"one\ntwo"]),
        (b"data: one\nevent: x\n\n", [b"one"]),
        (b"data: one\n\n\n\n\ndata: two\n\n", [b"one", b"two"]),
        (b"\xef\xbb\xbfdata: one\n\n", [b"one"]),
        (b"data: one", [b"one"]),
        (b"data: one\n", [b"one"]),
        (b"data:  one\n\n", [b" one"]),
        (b"data: \n\n", [b""]),
        (b"", []),
        (b"\n" * 100_000, []),
        ("data: \u2028 \u0085\n\n".encode(), ["\u2028 \u0085".encode()]),
    ],
)
def test_events_are_read_as_the_standard_says(data: bytes, events: list[bytes]) -> None:
    assert parsed(data) == events


LINES = st.lists(
    st.sampled_from([b"data: a", b"data:b", b"data: c d", b": comment", b"event: x", b"", b"", b"id"]), max_size=20
)


@given(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 200), max_size=10))
def test_where_the_bytes_are_cut_makes_no_difference(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    data = end.join(lines) + end
    places = sorted({cut for cut in cuts if cut < len(data)})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert parsed(*pieces) == parsed(data)
    assert parsed(*(bytes([byte]) for byte in data)) == parsed(data)


def feed_all(parser: EventParser, pieces: list[bytes]) -> None:
    for piece in pieces:
        parser.feed(piece)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 2000],
        [b"data: " + b"x" * 2000 + b"\n\n"],
        [b"x" * 100] * 20,
        [b"data: " + b"x" * 90 + b"\n"] * 20,
    ],
    ids=["no end", "in one go", "by and by", "many lines"],
)
def test_an_event_without_measure_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(BackendProtocolError, match="too large"):
        feed_all(EventParser(limit_bytes=1000), pieces)


def test_many_small_events_at_once_may_be_larger_than_the_limit() -> None:
    assert len(EventParser(limit_bytes=1000).feed(b"data: x\n\n" * 1000)) == 1000
