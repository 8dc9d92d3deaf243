from __future__ import annotations

import asyncio

import pytest

from covey.bridge.exchange import ClientLeft, UnsupportedMediaType, idempotency_key
from covey.errors import Draining, InvalidRequest, PayloadTooLarge
from tests.helpers.asgi import Sent, exchange_for, http_scope


async def test_a_body_in_pieces_is_joined() -> None:
    assert await exchange_for(Sent(b"0123456789", pieces=3)).body() == b"0123456789"


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_body_is_refused_as_soon_as_it_is_too_long(pieces: int) -> None:
    with pytest.raises(PayloadTooLarge):
        await exchange_for(Sent(b"x" * 11, pieces=pieces), max_body_bytes=10).body()
    assert await exchange_for(Sent(b"x" * 10, pieces=pieces), max_body_bytes=10).body() == b"x" * 10


async def test_an_encoded_body_is_refused_unread() -> None:
    wire = Sent(b"x")
    with pytest.raises(UnsupportedMediaType):
        await exchange_for(wire, http_scope("POST", "/", {"content-encoding": "gzip"})).body()


async def test_a_client_that_leaves_within_its_body_is_noticed() -> None:
    wire = Sent()
    await wire.receive()
    exchange = exchange_for(wire)
    with pytest.raises(ClientLeft):
        await exchange.body()
    assert exchange.lost


async def test_the_context_carries_what_travels() -> None:
    scope = http_scope("POST", "/", {"idempotency-key": "once"})
    exchange = exchange_for(Sent(), scope)
    exchange.address = "192.0.2.1"
    context = exchange.context(5.0)
    assert (context.request_id, context.idempotency_key, context.client_address) == ("req_1", "once", "192.0.2.1")
    assert 4.0 < (context.remaining_s(asyncio.get_running_loop().time()) or 0) <= 5.0
    assert exchange.context(None).deadline is None
    assert context.identity is None


@pytest.mark.parametrize("value", [b"", b"a b", b"x" * 201, b"a\xff", b"a\n"])
def test_malformed_idempotency_keys_are_refused(value: bytes) -> None:
    with pytest.raises(InvalidRequest):
        idempotency_key(value)


async def test_headers_that_decide_must_not_be_doubled() -> None:
    scope = http_scope("POST", "/")
    scope["headers"] = [(b"accept", b"a"), (b"accept", b"b")]
    exchange_for(Sent(), scope).check_headers()
    scope["headers"] = [(b"content-type", b"a"), (b"content-type", b"b")]
    with pytest.raises(InvalidRequest):
        exchange_for(Sent(), scope).check_headers()


async def test_the_response_has_length_id_and_security_headers() -> None:
    wire = Sent()
    exchange = exchange_for(wire)
    await exchange.respond(201, b"{}", headers=[(b"location", b"/x")])
    assert wire.answer.status == 201
    assert wire.answer.headers["content-length"] == "2"
    assert wire.answer.headers["x-request-id"] == "req_1"
    assert wire.answer.headers["location"] == "/x"
    assert wire.answer.headers["cache-control"] == "no-store"
    assert exchange.ended


async def test_an_early_answer_lets_the_rest_of_the_body_pass() -> None:
    wire = Sent(b"x" * 100, pieces=10)
    exchange = exchange_for(wire)
    await exchange.respond_early(413, b"too long", b"text/plain", [])
    assert wire.answer.headers["connection"] == "close"
    assert wire.answer.body == b"too long"
    assert (await wire.receive())["type"] == "http.disconnect"


async def test_abort_cancels_the_attached_task_once() -> None:
    exchange = exchange_for(Sent())
    task = asyncio.create_task(asyncio.Event().wait())
    exchange.attach(task)
    exchange.abort(Draining())
    exchange.on_lost("client_left")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(exchange.abort_error, Draining)
    assert exchange.lost


async def test_a_detached_exchange_is_not_cancelled() -> None:
    exchange = exchange_for(Sent())
    exchange.on_lost("client_left")
    assert exchange.abort_error is None
