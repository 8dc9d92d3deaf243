from __future__ import annotations

from covey.domain.answer import AnswerBuilder, compacted
from covey.protocol.ids import ModelName
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Started, Usage


def test_pieces_become_one_message() -> None:
    builder = AnswerBuilder()
    assert builder.empty
    for event in (
        Started(model=ModelName("m")),
        Delta(reasoning="hm"),
        Delta(text="Hel"),
        Delta(text="lo"),
        Delta(tool_calls=({"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"a"'}},)),
        Delta(tool_calls=({"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "id": "c2"})),
        Finished(reason="stop", usage=Usage(completion_tokens=3)),
    ):
        builder.add(event)
    message = builder.message()
    assert message.content == "Hello"
    assert message.reasoning == "hm"
    assert [call.id for call in message.tool_calls] == ["c1", "c2"]
    assert message.tool_calls[0].function.name == "look"
    assert message.tool_calls[0].function.arguments == '{"a":1}'
    assert builder.finish_reason == "stop"
    assert builder.usage == Usage(completion_tokens=3)


def test_reasoning_is_over_with_the_first_piece_of_anything_else() -> None:
    builder = AnswerBuilder()
    for piece, over in ((Delta(text=" "), False), (Delta(reasoning="hm"), False), (Delta(text="Yes"), True)):
        builder.add(piece)
        assert builder.reasoning_over is over
    calling = AnswerBuilder()
    calling.add(Delta(reasoning="hm", tool_calls=({"index": 0},)))
    assert calling.reasoning_over


def test_a_failed_answer_is_marked_so() -> None:
    builder = AnswerBuilder()
    builder.add(Delta(text="half"))
    builder.add(Failed(code="backend_unavailable"))
    assert (builder.finish_reason, builder.error_code) == ("failed", "backend_unavailable")
    assert not builder.empty


def test_compacting_keeps_text_tokens_and_order() -> None:
    call = Delta(tool_calls=({"index": 0},))
    events: list[GenerationEvent] = [
        Started(model=ModelName("m")),
        Delta(text="a"),
        Delta(text="b"),
        call,
        Delta(text="c", tokens=2),
    ]
    assert compacted(events) == [events[0], Delta(text="ab", tokens=2), call, Delta(text="c", tokens=2)]
