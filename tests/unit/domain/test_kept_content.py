from __future__ import annotations

import msgspec
import pytest

from covey.domain.kept_content import PART_BYTES, AnswerRecording, Budget, image_note, kept_question, question_size
from covey.protocol.contents import KeptImage, KeptMessage
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    ChatMessage,
    Delta,
    Finished,
    FunctionCall,
    Generate,
    ImagePart,
    ImageUrl,
    Started,
    TextPart,
    ToolCall,
)

MODEL = ModelName("m")


def said(*texts: str) -> Generate:
    return Generate(model=MODEL, messages=tuple(ChatMessage(role="user", content=text) for text in texts))


def texts(messages: tuple[KeptMessage, ...]) -> list[str]:
    return ["".join(part.text for part in message.content if isinstance(part, TextPart)) for message in messages]


def test_a_question_that_fits_is_kept_whole_and_in_order() -> None:
    call = ToolCall(id="call-1", function=FunctionCall(name="look", arguments='{"at": "it"}'))
    request = Generate(
        model=MODEL,
        messages=(
            ChatMessage(role="system", content="be brief", name="house"),
            ChatMessage(role="assistant", content=None, reasoning="hm", tool_calls=(call,)),
            ChatMessage(role="tool", content="seen", tool_call_id="call-1"),
        ),
    )
    kept = kept_question(request, Budget(10_000))
    assert kept.messages == (
        KeptMessage(role="system", content=(TextPart(text="be brief"),), name="house"),
        KeptMessage(role="assistant", reasoning="hm", tool_calls=(call,)),
        KeptMessage(role="tool", content=(TextPart(text="seen"),), tool_call_id="call-1"),
    )
    assert kept.messages_left_out == 0


def test_of_a_long_question_the_newest_messages_are_kept() -> None:
    kept = kept_question(said("a" * 500, "b" * 500, "c" * 500), Budget(500 + 3 * PART_BYTES + 10))
    assert texts(kept.messages) == ["b" * 10, "c" * 500]
    assert [message.cut for message in kept.messages] == [True, False]
    assert kept.messages_left_out == 1


@pytest.mark.parametrize("room", [0, 1, 95, 96, 97, 200, 300, 1000, 5000])
@pytest.mark.parametrize("letter", ["a", "ä", "漢", "😀"])
def test_what_is_kept_never_takes_more_than_its_room(room: int, letter: str) -> None:
    image = ImagePart(image_url=ImageUrl(url="data:image/png;base64," + "A" * 4000))
    call = ToolCall(id=letter * 30, function=FunctionCall(name=letter * 40, arguments=letter * 300))
    request = Generate(
        model=MODEL,
        messages=(
            *said(*(letter * length for length in range(0, 400, 50))).messages,
            ChatMessage(role="user", content=(TextPart(text=letter * 90), image, image)),
            ChatMessage(role="assistant", content="", tool_calls=(call, call), name=letter * 10),
        ),
    )
    encoded = msgspec.msgpack.encode(kept_question(request, Budget(room)).messages)
    assert len(encoded) <= room + 2 * PART_BYTES
    encoded.decode("utf-8", "surrogateescape")


def test_a_character_is_kept_whole_or_not_at_all() -> None:
    budget = Budget(5)
    assert budget.cut("漢漢") == "漢"
    assert budget.short
    assert Budget(6).cut("漢漢") == "漢漢"


def test_half_a_character_pair_harms_nobody() -> None:
    kept = kept_question(said("before \ud800 after"), Budget(1000))
    msgspec.msgpack.encode(kept)
    assert texts(kept.messages) == ["before ? after"]


def test_a_plain_completion_has_its_prompt_and_suffix() -> None:
    request = Generate(model=MODEL, prompt="x" * 50, suffix="y" * 50)
    kept = kept_question(request, Budget(80))
    assert (kept.prompt, kept.suffix, kept.prompt_cut) == ("x" * 50, "y" * 30, True)
    assert not kept_question(request, Budget(100)).prompt_cut
    assert question_size(request) == 100


@pytest.mark.parametrize(("data", "size"), [("AAAA", 3), ("AAA=", 2), ("AA==", 1), ("", 0), ("A" * 400, 300)])
def test_of_a_picture_type_and_size_are_noted_and_nothing_else(data: str, size: int) -> None:
    assert image_note(f"data:image/PNG;base64,{data}") == KeptImage(media_type="image/png", size_bytes=size)


def test_what_is_no_data_url_is_noted_without_its_text() -> None:
    assert image_note("https://secret.example/me.png") == KeptImage(media_type="", size_bytes=29)


def test_the_size_of_a_question_counts_all_that_would_be_kept() -> None:
    assert question_size(said("12345", "")) == 5 + 4 * PART_BYTES


def test_an_answer_is_put_together_with_reasoning_and_tool_calls() -> None:
    recording = AnswerRecording(10_000)
    for event in (
        Started(model=MODEL),
        Delta(reasoning="let me "),
        Delta(reasoning="see"),
        Delta(text="It "),
        Delta(text="is."),
        Delta(tool_calls=({"index": 0, "id": "c", "function": {"name": "go", "arguments": '{"a'}},)),
        Delta(tool_calls=({"index": 0, "function": {"arguments": '":1}'}},)),
        Finished(reason="stop"),
    ):
        recording.add(event)
    kept = recording.kept(Budget(10_000))
    assert (kept.text, kept.reasoning, kept.cut) == ("It is.", "let me see", False)
    assert kept.tool_calls == (ToolCall(id="c", function=FunctionCall(name="go", arguments='{"a":1}')),)


def test_a_long_answer_is_cut_while_it_comes_and_says_so() -> None:
    recording = AnswerRecording(10)
    for _ in range(1000):
        recording.add(Delta(text="1234"))
    kept = recording.kept(Budget(10_000))
    assert (kept.text, kept.cut) == ("1234123412", True)


def test_tool_calls_without_end_are_cut_too() -> None:
    recording = AnswerRecording(1000)
    for index in range(1000):
        recording.add(Delta(tool_calls=({"index": index},)))
    kept = recording.kept(Budget(10_000))
    assert kept.cut
    assert len(kept.tool_calls) < 10


def test_an_answer_of_wide_characters_is_cut_to_its_bytes() -> None:
    recording = AnswerRecording(10)
    recording.add(Delta(text="漢" * 10))
    kept = recording.kept(Budget(10))
    assert (kept.text, kept.cut) == ("漢漢漢", True)
