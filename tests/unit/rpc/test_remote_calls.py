from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from covey.errors import CoveyError, Draining, PeerUnavailable
from covey.protocol import subjects
from covey.protocol.endpoint import Endpoint
from covey.rpc.inbox import Inbox
from covey.rpc.remote_calls import RETRY_PAUSES_S, RemoteCalls
from covey.rpc.signing import CallSignatures
from covey.rpc.wire import Decoders, encoder
from covey.testing.memory_carrier import MemoryHub
from tests.helpers.bus_services import ECHO, ONCE, Answer, Question, context


class Calling:
    """Calls whose answers the test writes."""

    def __init__(self, *answers: tuple[bytes, Mapping[str, str]]) -> None:
        self.hub = MemoryHub()
        self.carrier = self.hub.carrier("_INBOX_client.client-1")
        self.inbox = Inbox(self.carrier)
        self.calls = RemoteCalls(self.carrier, self.inbox, Decoders(), lambda _: [], CallSignatures())
        self.answers = list(answers)
        self.asked = 0

    async def call(self, endpoint: Endpoint[Question, Answer]) -> Answer:
        await self.inbox.start()
        server = self.hub.carrier("_INBOX_gateway.gateway-1")

        def answer(_: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
            self.asked += 1
            body, headers = self.answers[min(self.asked, len(self.answers)) - 1]
            server.publish(reply, body, headers=headers)

        await server.subscribe("rpc.gateway.*", answer)
        answered: Answer = await self.calls.call(endpoint, Question(), context(), None)
        return answered


GOING = (b"\x80", {subjects.HEADER_ERROR: Draining.code})
GONE = (b"", {"Status": "503"})
FINE = (encoder.encode(Answer(text="fine")), dict[str, str]())


@pytest.mark.parametrize("refusal", [GOING, GONE], ids=["draining", "nobody"])
async def test_an_idempotent_call_is_tried_elsewhere(refusal: tuple[bytes, dict[str, str]]) -> None:
    calling = Calling(refusal, refusal, FINE)
    assert (await calling.call(ECHO)).text == "fine"
    assert calling.asked == 3


async def test_retries_end() -> None:
    calling = Calling(GONE)
    with pytest.raises(PeerUnavailable):
        await calling.call(ECHO)
    assert calling.asked == 1 + len(RETRY_PAUSES_S)


async def test_what_is_not_idempotent_is_asked_once() -> None:
    calling = Calling(GOING, FINE)
    with pytest.raises(Draining):
        await calling.call(ONCE)
    assert calling.asked == 1


async def test_an_answer_that_cannot_be_read_is_an_internal_error() -> None:
    calling = Calling((b"\xc1", {}))
    with capture_logs() as logs, pytest.raises(CoveyError) as caught:
        await asyncio.wait_for(calling.call(ECHO), 2.0)
    assert caught.value.code == "internal"
    assert [entry["event"] for entry in logs] == ["answer_malformed"]
