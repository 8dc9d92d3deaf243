from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.backends.json_lines import LineParser
from covey.errors import BackendProtocolError


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line and line != b"\r")), st.data())
def test_where_the_bytes_are_cut_makes_no_difference(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines)
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    parser = LineParser()
    assert [line for piece in pieces for line in parser.feed(piece)] + parser.finish() == lines


def test_a_last_line_without_end_is_given_out_at_the_end() -> None:
    parser = LineParser()
    assert parser.feed(b"one\ntwo") == [b"one"]
    assert parser.finish() == [b"two"]
    assert parser.finish() == []


def test_empty_lines_are_passed_over() -> None:
    assert LineParser().feed(b"\n\r\n\none\n\n") == [b"one"]


@pytest.mark.parametrize("pieces", [[b"x" * 2000], [b"x" * 2000 + b"\n"], [b"x" * 100] * 20])
def test_a_line_without_measure_is_refused(pieces: list[bytes]) -> None:
    parser = LineParser(limit_bytes=1000)

    def feed() -> None:
        for piece in pieces:
            parser.feed(piece)

    with pytest.raises(BackendProtocolError):
        feed()
