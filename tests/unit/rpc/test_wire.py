from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import ERRORS_BY_CODE, CoveyError, InvalidRequest
from covey.protocol import subjects
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, RequestId, UserId
from covey.rpc.context import CallContext
from covey.rpc.wire import Decoders, StreamFrame, context_of, encoder, error_in, error_of, error_reply, headers_of
from tests.helpers.bus_services import COUNT, ECHO, Answer, Pause, Word

TEXT = st.text(max_size=50)


@given(TEXT, TEXT, TEXT)
def test_any_text_survives_as_a_header_without_line_ends(key: str, trace: str, address: str) -> None:
    context = CallContext(
        request_id=RequestId("r"),
        idempotency_key=key,
        traceparent=trace,
        client_address=address,
        caller=InstanceId("bridge-1"),
        identity=Identity(user_id=UserId("usr_1"), username=key),
    )
    headers = headers_of(context, now=1.0, deadline=None, caller="gateway-7")
    assert not any(character in value for value in headers.values() for character in "\r\n")
    # What the other side sees: the client library strips each value.
    stripped = {name: value.strip() for name, value in headers.items()}
    found = context_of(stripped, now=1.0, delay_s=0.0)
    assert found == msgspec.structs.replace(context, caller=InstanceId("gateway-7"))  # each hop names itself


def test_a_deadline_travels_as_the_time_that_remains() -> None:
    headers = headers_of(CallContext(request_id=RequestId("r")), now=100.0, deadline=102.5, caller="gateway-7")
    assert headers[subjects.HEADER_DEADLINE_MS] == "2500"
    assert context_of(headers, now=7.0, delay_s=0.5).deadline == 9.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {subjects.HEADER_REQUEST_ID: "r", subjects.HEADER_DEADLINE_MS: "soon"},
        {subjects.HEADER_REQUEST_ID: "r", subjects.HEADER_IDENTITY: "{}"},
        {subjects.HEADER_REQUEST_ID: "r", subjects.HEADER_IDENTITY: "nobody"},
    ],
    ids=["none", "deadline", "empty identity", "identity"],
)
def test_malformed_headers_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        context_of(headers, now=0.0, delay_s=0.0)


@pytest.mark.parametrize("code", ERRORS_BY_CODE)
def test_named_errors_survive(code: str) -> None:
    sent = ERRORS_BY_CODE[code]("why", param="p", retry_after_s=2.5)
    for received in (error_of(error_reply(sent)), error_in(code, encoder.encode(error_reply(sent)))):
        assert type(received) is type(sent)
        assert (received.detail, received.param, received.retry_after_s) == ("why", "p", 2.5)


def test_an_error_from_the_future_or_without_a_body_is_still_an_error() -> None:
    assert type(error_in("from_the_future", b"\x80")) is CoveyError
    assert error_in("overloaded", b"\xc1").code == "overloaded"


def test_frames_are_decoded_to_the_item_types_of_their_endpoint() -> None:
    decoders = Decoders()
    raw = [msgspec.Raw(encoder.encode(item)) for item in (Word(number=1), Pause(number=2))]
    frame = decoders.frame(COUNT).decode(encoder.encode(StreamFrame(7, raw)))
    assert (frame.sequence, frame.items, frame.ended) == (7, [Word(number=1), Pause(number=2)], False)
    assert decoders.frame(COUNT) is decoders.frame(COUNT)
    assert decoders.response(ECHO).decode(encoder.encode(Answer(text="x"))) == Answer(text="x")


def test_frames_of_newer_and_older_senders_are_understood() -> None:
    decoder = Decoders().frame(COUNT)
    assert decoder.decode(msgspec.msgpack.encode([0, []])).items == []
    assert decoder.decode(msgspec.msgpack.encode([0, [], "", False, None, "new"])).sequence == 0
