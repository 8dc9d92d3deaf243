"""A hostile server behind an engine, and hostile values on the way to one: rows D1, D3, D10, D11, D14."""

from __future__ import annotations

import re

import pytest

from covey.errors import BackendError, BackendProtocolError, InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Delta, Finished, Generate, ImagePart, ImageUrl, Sampling, Started
from covey.testing.fake_backend import Behaviour
from tests.helpers.scripted_server import STREAM_END, STREAM_HEAD, Peer, answer, chunk, scripted_server
from tests.helpers.upstream_engines import DIALECTS, Dialect, chat, engine_and_backend, engine_at, outcome_of

both = pytest.mark.parametrize("dialect", DIALECTS)

INJECTIONS = (
    "\n\ndata: [DONE]\n\n",
    "\r\ndata: {}\r\n\r\n",
    "\r",
    "event: x\ndata: y\n\n",
    "\u2028\u2029\x85\x00\x1b",
    '"}]}\n{"done":true}\n',
    "data: [DONE]",
    "</script><!--",
)


@both
async def test_d10_text_that_looks_like_framing_stays_text(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(pieces=INJECTIONS)) as (engine, _):
        outcome = await outcome_of(engine)
    deltas = [event for event in outcome.events if isinstance(event, Delta)]
    assert "".join(delta.text for delta in deltas) == "".join(INJECTIONS)
    assert sum(delta.tokens for delta in deltas) == len(INJECTIONS)
    assert isinstance(outcome.events[-1], Finished)


@both
async def test_d11_extra_fields_headers_and_events_go_no_further(dialect: Dialect) -> None:
    canary = "canary-7c1f"
    lines = {
        "openai": f'event: {canary}\nid: {canary}\ndata: {{"choices":[{{"index":0,"delta":{{"content":"hi",'
        f'"{canary}":1}},"finish_reason":"{canary}"}}],"model":"{canary}","{canary}":{{}}}}\n\ndata: [DONE]\n\n',
        "ollama": f'{{"model":"{canary}","message":{{"role":"{canary}","content":"hi","{canary}":1}},"done":true,'
        f'"done_reason":"{canary}","{canary}":1}}\n',
    }
    behaviour = Behaviour(body=lines[dialect].encode(), headers=(f"set-cookie: {canary}", f"x-{canary}: 1"))
    async with engine_and_backend(dialect, behaviour) as (engine, _):
        outcome = await outcome_of(engine)
    assert outcome.text == "hi"
    assert isinstance(outcome.events[0], Started)
    assert canary not in repr(outcome.events)


@both
async def test_d11_a_redirect_is_not_followed_and_the_key_goes_nowhere(dialect: Dialect) -> None:
    async def listener(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())

    async with scripted_server(listener) as canary:
        headers = (f"location: {canary.url}/steal",)
        async with engine_and_backend(dialect, Behaviour(status=302, headers=headers)) as (engine, _):
            assert isinstance((await outcome_of(engine)).error, BackendProtocolError)
        assert canary.connections == 0


@both
async def test_d11_a_compressed_stream_is_refused_unread(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(headers=("content-encoding: gzip",))) as (engine, _):
        assert isinstance((await outcome_of(engine)).error, BackendProtocolError)


async def test_d11_a_line_of_a_gigabyte_is_not_kept() -> None:
    sent = 0

    async def endless(peer: Peer) -> None:
        nonlocal sent
        request = await peer.request()
        if request.startswith(b"GET"):
            await peer.send(answer(b'{"data":[]}'))
            await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"data: "))
        while sent < 1_000_000_000:
            await peer.send(chunk(b"x" * 65_536))
            sent += 65_536
        await peer.send(STREAM_END)

    async with scripted_server(endless) as server:
        engine = engine_at(server.url, "openai")
        await engine.start()
        assert isinstance((await outcome_of(engine)).error, BackendProtocolError)
        await engine.close()
    assert sent < 50_000_000


@both
@pytest.mark.parametrize("said", [1, 0, -500, 500_000, 2**62])
async def test_d14_the_bill_does_not_follow_the_servers_lies(dialect: Dialect, said: int) -> None:
    behaviour = Behaviour(tokens=500, usage={"completion_tokens": said})
    async with engine_and_backend(dialect, behaviour) as (engine, _):
        last = (await outcome_of(engine)).events[-1]
    assert isinstance(last, Finished)
    assert abs(last.usage.completion_tokens - 500) <= 5
    assert last.usage.estimated


@both
async def test_d14_a_stopped_answer_is_billed_by_what_was_given_out(dialect: Dialect) -> None:
    async with engine_and_backend(dialect, Behaviour(tokens=50, ending="half_event")) as (engine, backend):
        outcome = await outcome_of(engine)
        assert isinstance(outcome.error, BackendError)
        assert sum(event.tokens for event in outcome.events if isinstance(event, Delta)) == backend.streams[0].tokens


ALLOWED = {
    "openai": {"model", "stream", "stream_options", "messages", "temperature", "top_p", "top_k", "min_p", "seed",
               "repetition_penalty", "presence_penalty", "frequency_penalty", "stop", "max_tokens", "logit_bias"},
    "ollama": {"model", "stream", "options", "messages"},
}  # fmt: skip


@both
async def test_d3_exactly_the_allowed_fields_arrive(dialect: Dialect) -> None:
    sampling = Sampling(
        temperature=2, top_p=1, top_k=1000, min_p=1, repeat_penalty=10, presence_penalty=2, frequency_penalty=2,
        seed=2**32 - 1, stop=("x",), max_tokens=2**31 - 1, logit_bias={"1": 1} if dialect == "openai" else None,
    )  # fmt: skip
    request = Generate(model=ModelName("sample"), messages=chat().messages, sampling=sampling)
    async with engine_and_backend(dialect, Behaviour(tokens=3)) as (engine, backend):
        assert (await outcome_of(engine, request)).error is None
        body = backend.generations()[0].body
    assert set(body) == ALLOWED[dialect]
    limit = body["max_tokens"] if dialect == "openai" else body["options"]["num_predict"]
    assert limit == 131_072
    assert not re.search("n_discard|id_slot|n_keep|num_gpu|num_thread|cache_prompt", str(body))


@both
async def test_d1_an_image_that_would_have_to_be_fetched_never_leaves(dialect: Dialect) -> None:
    async with engine_and_backend(dialect) as (engine, backend):
        for url in (
            "http://169.254.169.254/",
            "file:///etc/passwd",
            "HTTP://x",
            "//x",
            "gopher://x",
            "data:text/html,x",
        ):
            image = ImagePart(image_url=ImageUrl(url=url))
            request = Generate(model=ModelName("sample"), messages=(ChatMessage(role="user", content=(image,)),))
            assert isinstance((await outcome_of(engine, request)).error, InvalidRequest)
        assert backend.generations() == []
