from __future__ import annotations

import pytest

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.messages import Piece, Ping, RunGeneration, Vectors, WorkDone


@pytest.mark.parametrize("sent", [[Ping(3)], [RunGeneration(1, True, b"{}"), Ping(4)]])
def test_what_is_said_to_the_child_arrives(sent: list[messages.MessageToChild]) -> None:
    framed = messages.frame(sent)
    (length,) = messages.LENGTH.unpack(framed[:4])
    assert length == len(framed) - 4
    assert messages.to_child_decoder.decode(framed[4:]) == sent


def test_what_the_child_says_arrives() -> None:
    said = [
        Piece(1, text="a", tool_calls=({"index": 0},), logprobs={"content": []}),
        WorkDone(1, "stop", 1, 2, 0, 1.5, None),
        Vectors(2, ((0.5, 0.25),), 3),
    ]
    assert messages.from_child_decoder.decode(messages.frame(said)[4:]) == said
