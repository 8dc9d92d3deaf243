"""Engines over HTTP whose server fails in every way that was seen: the rows B1 to B10 that an engine answers for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from covey.backends.http import HttpConfig
from covey.backends.openai import OpenAICompatibleEngine, OpenAIConfig
from covey.errors import (
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    CoveyError,
    ModelNotFound,
    Overloaded,
)
from covey.protocol.ids import RequestId
from covey.protocol.inference import Delta, Finished, GenerationEvent, Started
from covey.testing.eventually import eventually
from covey.testing.fake_backend import Behaviour
from tests.helpers.scripted_server import STREAM_HEAD, Peer, answer, chunk, scripted_server
from tests.helpers.upstream_engines import (
    DIALECTS,
    Dialect,
    HttpEngine,
    chat,
    engine_and_backend,
    engine_at,
    outcome_of,
)

both = pytest.mark.parametrize("dialect", DIALECTS)


@both
@pytest.mark.parametrize("silent", ["request", "head"])
async def test_b1_a_server_that_accepts_and_never_answers_is_unavailable(dialect: Dialect, silent: Any) -> None:
    async with engine_and_backend(dialect, Behaviour(silent=silent), first_byte_timeout_s=0.4) as (engine, _):
        outcome = await outcome_of(engine)
    assert isinstance(outcome.error, BackendUnavailable)
    assert not any(isinstance(event, Delta) for event in outcome.events)


@both
async def test_b2_a_server_that_falls_silent_in_the_middle_is_unavailable(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(silent="stream"), idle_timeout_s=0.3) as (engine, backend):
        outcome = await outcome_of(engine)
        assert isinstance(outcome.error, BackendUnavailable)
        assert len(outcome.events) == 3
        await eventually(lambda: backend.streams[0].closed_by_client)


@both
async def test_b3_a_slow_server_is_waited_for_as_long_as_it_goes_on(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(tokens=6, interval_s=0.05), idle_timeout_s=5.0) as (engine, _):
        outcome = await outcome_of(engine)
    assert isinstance(outcome.events[-1], Finished)


@both
@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, BackendRejected, False),
        (401, BackendUnavailable, True),
        (403, BackendUnavailable, True),
        (404, ModelNotFound, False),
        (413, BackendRejected, False),
        (429, Overloaded, True),
        (500, BackendUnavailable, True),
        (502, BackendUnavailable, True),
        (503, Overloaded, True),
    ],
)
async def test_b4_each_status_has_its_error(
    dialect: Dialect, status: int, error: type[CoveyError], retryable: bool
) -> None:
    behaviour = Behaviour(status=status, headers=("retry-after: 7",), error="it is so")
    async with engine_and_backend(dialect, behaviour) as (engine, backend):
        outcome = await outcome_of(engine)
        assert type(outcome.error) is error
        assert outcome.error is not None
        assert outcome.error.retryable is retryable
        assert outcome.events == []
        assert len(backend.generations()) == 1
        if error is Overloaded:
            assert outcome.error.retry_after_s == 7.0
        if error is BackendRejected:
            assert outcome.error.detail == "it is so"
        else:
            assert "it is so" not in outcome.error.detail


@both
@pytest.mark.parametrize("ending", ["no_finish", "half_event", "half_chunk", "reset"])
async def test_b5_an_answer_that_is_cut_is_never_ok_and_keeps_what_came(dialect: Dialect, ending: Any) -> None:
    async with engine_and_backend(dialect, Behaviour(ending=ending, tokens=5)) as (engine, _):
        outcome = await outcome_of(engine)
    if ending in ("half_chunk", "reset") and isinstance(outcome.events[-1], Finished):
        return  # the server had said that the answer was whole before it broke off
    assert isinstance(outcome.error, BackendError)
    assert sum(event.tokens for event in outcome.events if isinstance(event, Delta)) == 5


async def test_b5_a_missing_done_after_the_finish_reason_is_forgiven() -> None:
    async with engine_and_backend("openai", Behaviour(ending="no_done")) as (engine, _):
        outcome = await outcome_of(engine)
    assert isinstance(outcome.events[-1], Finished)


@both
@pytest.mark.parametrize("split_bytes", [1, 3, 7])
async def test_b5_answers_may_come_cut_anywhere(dialect: Dialect, split_bytes: int) -> None:
    pieces = ("Grüße", " 🪶", "\n\ndata: [DONE]\n\n", "\u2028", "end")
    async with engine_and_backend(dialect, Behaviour(pieces=pieces, split_bytes=split_bytes)) as (engine, _):
        outcome = await outcome_of(engine)
    assert outcome.text == "".join(pieces)


@both
@pytest.mark.parametrize(
    "body",
    [
        b"<html>502 Bad Gateway</html>\n\n",
        b'data: {"choices":[{"delta":{"content":"x"}}]}{"choices":[]}\n\n',
        b'{"message":{"content":"x"},"done":false}{"done":true}\n',
        b'data: {"choices":[{"delta":{"content":"\xc3"}}]}\n\n',
        b"\n" * 200_000,
        b"data: " + b"x" * 1_500_000,
        b"x" * 1_500_000,
        b"",
    ],
    ids=["html", "two on a line", "two lines on one", "half a character", "empty lines", "huge event", "huge line",
         "nothing"],
)  # fmt: skip
async def test_b5_nonsense_breaks_the_protocol_by_name(dialect: Dialect, body: bytes) -> None:
    async with engine_and_backend(dialect, Behaviour(body=body)) as (engine, _):
        outcome = await outcome_of(engine)
        assert isinstance(outcome.error, BackendProtocolError)
        assert engine.running == 0


@both
async def test_b5_an_html_page_is_no_stream(dialect: Dialect) -> None:
    behaviour = Behaviour(body=b"<html>login</html>", content_type="text/html")
    async with engine_and_backend(dialect, behaviour) as (engine, backend):
        assert isinstance((await outcome_of(engine)).error, BackendProtocolError)
        backend.behaviour = Behaviour(status=404, body=b"<html>not here</html>", content_type="text/html")
        assert isinstance((await outcome_of(engine)).error, BackendProtocolError)


@both
async def test_b6_an_answer_longer_than_asked_for_is_cut(dialect: Dialect) -> None:
    pieces = tuple("abcdefgh")
    async with engine_and_backend(dialect, Behaviour(pieces=pieces, ignore_limit=True)) as (engine, _):
        outcome = await outcome_of(engine, chat(max_tokens=3))
    assert outcome.text == "abc"
    last = outcome.events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.usage.completion_tokens) == ("length", 3)


@both
async def test_b6_a_tool_nobody_offered_is_not_called(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(tool_calls=(("rm", "{}"),))) as (engine, _):
        outcome = await outcome_of(engine)
    assert isinstance(outcome.error, BackendProtocolError)


@both
async def test_b7_a_refused_connection_is_unavailable_at_once(dialect: Dialect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        engine = engine_at(f"http://127.0.0.1:{unused.getsockname()[1]}", dialect)
        with pytest.raises(BackendUnavailable):
            await engine.start()


@both
async def test_b7_a_name_that_does_not_resolve_is_unavailable(dialect: Dialect) -> None:
    engine = engine_at("http://no-such-host.invalid", dialect, connect_timeout_s=2.0)
    with pytest.raises(BackendUnavailable):
        await engine.start()


async def test_b7_a_reset_before_the_answer_is_unavailable() -> None:
    async def resets(peer: Peer) -> None:
        request = await peer.request()
        if request.startswith(b"GET"):
            await peer.send(answer(b'{"data":[]}'))
            await peer.request()
        peer.reset()

    async with scripted_server(resets) as server:
        engine = engine_at(server.url, "openai")
        await engine.start()
        assert isinstance((await outcome_of(engine)).error, BackendUnavailable)
        await engine.close()


async def test_b7_an_expired_certificate_is_unavailable(tmp_path: Path) -> None:
    authority = trustme.CA()
    expired = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    expired.configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def never(peer: Peer) -> None:
        await peer.closed()

    async with scripted_server(never, tls=context) as server:
        engine = engine_at(server.url, "openai", ca_file=str(tmp_path / "ca.pem"))
        with pytest.raises(BackendUnavailable, match="TLS"):
            await engine.start()


async def test_b7_a_handshake_that_never_ends_is_unavailable() -> None:
    async def accepts(peer: Peer) -> None:
        await peer.closed()

    async with scripted_server(accepts) as server:
        config = OpenAIConfig(
            name="o", base_url=server.url.replace("http:", "https:"), http=HttpConfig(connect_timeout_s=0.1)
        )
        engine = OpenAICompatibleEngine(config)
        with pytest.raises(BackendUnavailable, match="in time"):
            await engine.start()


@both
async def test_b8_a_server_that_comes_back_is_used_again(dialect: Dialect) -> None:
    async with engine_and_backend(dialect) as (engine, backend):
        for _ in range(3):
            backend.behaviour = Behaviour(status=500)
            assert isinstance((await outcome_of(engine)).error, BackendUnavailable)
            backend.behaviour = Behaviour()
            assert isinstance((await outcome_of(engine)).events[-1], Finished)


@both
async def test_b8_a_restarted_server_is_found_again_over_kept_connections(dialect: Dialect) -> None:
    async with engine_and_backend(dialect) as (engine, backend):
        assert isinstance((await outcome_of(engine)).events[-1], Finished)
        await backend.stop()  # every kept connection is dead now, the server still listens
        assert isinstance((await outcome_of(engine)).events[-1], Finished)


@both
async def test_b9_a_model_that_loads_for_long_holds_up_no_other_request(dialect: Dialect) -> None:
    gate = asyncio.Event()
    async with engine_and_backend(dialect, Behaviour(gate=gate)) as (engine, backend):
        loading = asyncio.create_task(outcome_of(engine))
        await eventually(lambda: bool(backend.streams))
        backend.behaviour = Behaviour()
        assert isinstance((await outcome_of(engine, request_id="req_2")).events[-1], Finished)
        await engine.health()
        gate.set()
        assert isinstance((await loading).events[-1], Finished)


async def leave(engine: HttpEngine, after: type) -> None:
    events = cast("AsyncGenerator[GenerationEvent]", engine.generate(chat(), RequestId("req_1")))
    async with aclosing(events):
        async for event in events:
            if isinstance(event, after):
                await asyncio.Event().wait()


@both
@pytest.mark.parametrize("phase", ["request", "head", "stream"])
async def test_b10_a_reader_that_leaves_stops_the_server(dialect: Dialect, phase: Any) -> None:
    behaviour = Behaviour(tokens=100_000, interval_s=0.001) if phase == "stream" else Behaviour(silent=phase)
    async with engine_and_backend(dialect, behaviour) as (engine, backend):
        task = asyncio.create_task(leave(engine, Delta if phase == "stream" else Started))
        await eventually(lambda: bool(backend.generations()) and (phase == "request" or bool(backend.streams)))
        if phase == "stream":
            await eventually(lambda: backend.streams[0].tokens > 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.running == 0
        if phase != "request":
            await eventually(lambda: backend.streams[0].closed_by_client, timeout_s=5.0)


@both
@pytest.mark.parametrize("silent", ["request", "head", "stream"])
async def test_b10_an_abort_ends_a_silent_generation_as_cancelled(dialect: Dialect, silent: Any) -> None:
    async with engine_and_backend(dialect, Behaviour(silent=silent)) as (engine, backend):
        task = asyncio.create_task(outcome_of(engine))
        await eventually(lambda: bool(backend.generations()))
        await engine.abort(RequestId("req_1"))
        outcome = await asyncio.wait_for(task, 5.0)
        assert outcome.error is None
        last = outcome.events[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert engine.running == 0


async def test_a_stream_that_goes_on_after_its_end_costs_only_its_connection() -> None:
    ending = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def goes_on(peer: Peer) -> None:
        request = await peer.request()
        if request.startswith(b"GET"):
            await peer.send(answer(b'{"data":[]}'))
            await peer.request()
        await peer.send(STREAM_HEAD + chunk(ending))
        for _ in range(200):
            await peer.send(chunk(b"data: more\n\n" * 100))
        await peer.closed()

    async with scripted_server(goes_on) as server:
        engine = engine_at(server.url, "openai")
        await engine.start()
        outcome = await outcome_of(engine)
        assert isinstance(outcome.events[-1], Finished)
        assert outcome.text == "x"
        await engine.close()
