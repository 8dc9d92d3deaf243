from __future__ import annotations

import pytest
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from covey.errors import PayloadTooLarge, StoreUnavailable
from covey.facilities.nats_stream import StreamCalls, StreamError, parse_headers
from tests.helpers.stream_client import ScriptedClient, ScriptedConnection

STORED = b'{"stream":"KV_a","seq":7}'


def refused(number: int) -> bytes:
    return b'{"error":{"code":503,"err_code":%d,"description":"subject $KV.secret"}}' % number


def calls(client: ScriptedClient, timeout_s: float = 2.0) -> StreamCalls:
    return StreamCalls(ScriptedConnection(client), timeout_s)


async def test_an_acknowledgement_carries_the_sequence() -> None:
    client = ScriptedClient(STORED)
    assert (await calls(client).publish("$KV.a.k", b"v", {"H": "1"})).seq == 7
    assert client.asked == [("$KV.a.k", b"v", {"H": "1"})]


@pytest.mark.parametrize("answer", [NoRespondersError(), refused(10008)], ids=["nobody listens", "no leader"])
async def test_a_refusal_that_proves_nothing_was_done_is_tried_again(answer: Exception | bytes) -> None:
    client = ScriptedClient(answer, answer, STORED)
    assert (await calls(client).publish("$KV.a.k", b"v", {})).seq == 7
    assert len(client.asked) == 3


async def test_pauses_between_attempts_grow_so_that_nobody_is_stormed() -> None:
    client = ScriptedClient(NoRespondersError())
    with pytest.raises(StoreUnavailable):
        await calls(client, timeout_s=0.5).publish("$KV.a.k", b"v", {})
    assert 2 <= len(client.asked) <= 12


async def test_a_time_out_is_ambiguous_and_never_tried_again() -> None:
    client = ScriptedClient(NatsTimeoutError())
    with pytest.raises(StoreUnavailable):
        await calls(client).publish("$KV.a.k", b"v", {})
    assert len(client.asked) == 1


async def test_nothing_is_sent_while_disconnected_that_might_run_later() -> None:
    client = ScriptedClient(STORED)
    client.is_connected = False
    with pytest.raises(StoreUnavailable):
        await calls(client, timeout_s=0.05).publish("$KV.a.k", b"v", {})
    with pytest.raises(StoreUnavailable):
        await calls(client).tell("$KV.a.k", b"v", {})
    assert client.asked == []
    assert client.told == []


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (10077, StoreUnavailable, "full"),
        (10054, PayloadTooLarge, "too large"),
        (10174, StoreUnavailable, "older than 2.12"),
    ],
)
async def test_refusals_become_named_errors_without_the_server_s_text(
    number: int, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        await calls(ScriptedClient(refused(number))).publish("$KV.a.k", b"v", {})
    assert "secret" not in str(caught.value)


async def test_other_refusals_keep_their_number_for_the_caller() -> None:
    with pytest.raises(StreamError) as caught:
        await calls(ScriptedClient(refused(10071))).publish("$KV.a.k", b"v", {})
    assert caught.value.number == 10071


async def test_a_message_that_is_not_there_is_none_and_other_failures_are_errors() -> None:
    assert await calls(ScriptedClient(refused(10037))).stored("KV_a", "$KV.a.k") is None
    with pytest.raises(StoreUnavailable):
        await calls(ScriptedClient(refused(10059))).stored("KV_a", "$KV.a.k")


async def test_a_payload_that_would_close_the_connection_is_not_sent() -> None:
    client = ScriptedClient(STORED)
    with pytest.raises(PayloadTooLarge):
        await calls(client).publish("$KV.a.k", b"x" * client.max_payload, {})
    assert client.asked == []


def test_headers_are_read_from_their_block() -> None:
    assert parse_headers(b"NATS/1.0\r\nA: 1\r\nB:two: 2\r\n\r\n") == {"A": "1", "B": "two: 2"}
    assert parse_headers(b"") == {}
