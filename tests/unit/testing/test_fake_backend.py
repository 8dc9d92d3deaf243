from __future__ import annotations

import msgspec
import pytest

from covey.backends.http import HttpPool
from covey.testing.fake_backend import Behaviour, FakeBackend, answer_for, fake_backend

pytestmark = pytest.mark.sockets
CHAT = {"model": "sample", "messages": [{"role": "user", "content": "hi"}], "stream": True}


async def ask(backend: FakeBackend, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    pool = HttpPool(backend.url)
    response, content = await pool.fetch(method, path, b"" if body is None else msgspec.json.encode(body))
    await pool.close()
    return response.status, content


def test_token_k_does_not_depend_on_the_limit() -> None:
    short, long = answer_for(CHAT, 3, Behaviour()), answer_for(CHAT, None, Behaviour())
    assert long.tokens[:3] == short.tokens
    assert (short.finish_reason, long.finish_reason) == ("length", "stop")
    other = answer_for({**CHAT, "messages": [{"role": "user", "content": "ho"}]}, None, Behaviour())
    assert other.tokens != long.tokens


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "part"),
    [
        ("GET", "/v1/models", None, 200, b'"id":"sample"'),
        ("GET", "/api/tags", None, 200, b'"name":"sample"'),
        ("GET", "/api/version", None, 200, b"version"),
        ("GET", "/", None, 200, b"Ollama is running"),
        ("POST", "/api/show", {"model": "none"}, 404, b"not found"),
        ("POST", "/v1/chat/completions", {"model": "none"}, 404, b"does not exist"),
        ("POST", "/v1/chat/completions", CHAT, 200, b"data: [DONE]"),
        ("POST", "/api/chat", CHAT, 200, b'"done_reason":"stop"'),
        ("POST", "/v1/embeddings", {"model": "sample", "input": ["a"]}, 200, b'"embedding"'),
        ("POST", "/api/pull", {"model": "new"}, 200, b'"status":"success"'),
        ("GET", "/elsewhere", None, 404, b"Not Found"),
    ],
)
async def test_every_route_answers(method: str, path: str, body: object, status: int, part: bytes) -> None:
    async with fake_backend() as backend:
        found, content = await ask(backend, method, path, body)
    assert found == status
    assert part in content
    assert [(asked.method, asked.path) for asked in backend.asked] == [(method, path)]


async def test_a_knob_counts_for_the_next_request() -> None:
    async with fake_backend() as backend:
        assert (await ask(backend, "POST", "/v1/chat/completions", CHAT))[0] == 200
        backend.behaviour = Behaviour(status=429)
        assert (await ask(backend, "POST", "/v1/chat/completions", CHAT))[0] == 429
    assert [stream.tokens for stream in backend.streams] == [8]
    assert backend.streams[0].ended
