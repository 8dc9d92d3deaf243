"""A server that answers like an OpenAI-compatible one and like Ollama, and fails as told.

Token k of a request depends on the request and k alone, so that any loss, doubling or swap is visible. Everything the
server is asked is kept, and so is how many tokens each stream was given after its client had gone.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from covey.backends.sample import token_at, unit_vector
from covey.testing import fake_ollama, fake_openai

MAX_REQUEST_BYTES = 64 * 1024 * 1024

Silence = Literal["", "request", "head", "stream"]
Ending = Literal["whole", "no_done", "no_finish", "half_event", "half_chunk", "reset"]


@dataclass
class Behaviour:
    """How the server answers. Every knob may be turned at any time; it counts for requests that come later."""

    tokens: int = 8
    """Length of an answer, unless the request allows less."""
    interval_s: float = 0.0
    """Seconds before each token."""
    pieces: tuple[str, ...] = ()
    """The tokens themselves, if they have to be certain ones."""
    ignore_limit: bool = False
    """Answer at full length, whatever the request allows."""
    reasoning: int = 0
    """How many of the first tokens are reasoning."""
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Name and JSON arguments of tools that the answer calls at its end."""
    status: int = 200
    """Status of every answer of the generating and embedding routes."""
    headers: tuple[str, ...] = ()
    """Further header lines."""
    body: bytes | None = None
    """What is sent instead of an error's or a stream's own body."""
    content_type: str = ""
    """Sent instead of the right one."""
    error_after: int = -1
    """After so many tokens comes an error event; negative: none does."""
    error: Any = "out of memory"
    """What that event carries."""
    silent: Silence = ""
    """Fall silent: after the ``request``, the ``head``, or in the ``stream`` once ``silent_after`` tokens went."""
    silent_after: int = 2
    ending: Ending = "whole"
    """How a stream ends."""
    usage: dict[str, Any] | None = None
    """Laid over the true counts; a value of None takes the count away."""
    stream_always: bool = False
    """Stream although the request asks for a whole answer."""
    whole_always: bool = False
    """Answer as a whole although the request asks for a stream."""
    split_bytes: int = 0
    """Write streams in pieces of so many bytes, each by itself; 0: an event at a time."""
    models: tuple[str, ...] = ("sample",)
    gate: asyncio.Event | None = None
    """Wait for it before every token."""


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Stream:
    """How far one stream got."""

    tokens: int = 0
    tokens_after_close: int = 0
    closed_by_client: bool = False
    ended: bool = False


@dataclass
class Answer:
    """What one generating request is to be answered with; the dialects put it into their forms."""

    model: str
    tokens: list[str]
    reasoning: int
    finish_reason: str
    prompt_tokens: int
    behaviour: Behaviour

    def usage(self) -> dict[str, Any]:
        counts = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": len(self.tokens),
            **(self.behaviour.usage or {}),
        }
        return {name: count for name, count in counts.items() if count is not None}


@dataclass
class FakeBackend:
    """Use ``async with fake_backend() as backend``; ``backend.url`` is where it listens."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def generations(self) -> list[Asked]:
        """The generating requests among what was asked."""
        return [asked for asked in self.asked if asked.path.endswith(("/completions", "/chat", "/generate"))]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while True:
                await self._answer(await read_request(reader), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        except asyncio.CancelledError:
            pass  # the server stops; nobody awaits this task as asyncio started it
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        behaviour = self.behaviour
        plain = fake_openai.plain_answer(asked.method, asked.path, asked.body, behaviour.models)
        if plain is None:
            plain = fake_ollama.plain_answer(asked.method, asked.path, asked.body, behaviour.models)
        if plain is not None:
            writer.write(whole(*plain))
            await writer.drain()
            return
        if behaviour.silent == "request":
            await self._wait_for_close(reader)
        if behaviour.status != 200:
            writer.write(whole(behaviour.status, self._error_body(asked), behaviour.headers, behaviour.content_type))
            await writer.drain()
            return
        await self._generate_or_embed(asked, reader, writer)

    def _error_body(self, asked: Asked) -> Any:
        if self.behaviour.body is not None:
            return self.behaviour.body
        dialect = fake_ollama if asked.path.startswith("/api/") else fake_openai
        return dialect.error_body(self.behaviour.status, self.behaviour.error)

    async def _generate_or_embed(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        dialect: Any = fake_ollama if asked.path.startswith("/api/") else fake_openai
        model = asked.body.get("model", "")
        if model not in self.behaviour.models and asked.path != "/api/pull":
            writer.write(whole(404, dialect.not_found(model)))
        elif asked.path.endswith(("/embeddings", "/embed")):
            vectors = [unit_vector(text, asked.body.get("dimensions") or 32) for text in texts_of(asked.body["input"])]
            doubled = [[value * 2 for value in vector] for vector in vectors]
            writer.write(whole(200, dialect.embeddings(model, doubled, texts_of(asked.body["input"]))))
        elif dialect is fake_openai and self._answers_whole(asked):
            await self._whole(asked, reader, writer)
        else:
            await self._stream(dialect, asked, reader, writer)
        await writer.drain()

    def _answers_whole(self, asked: Asked) -> bool:
        if asked.body.get("stream"):
            return self.behaviour.whole_always
        return not self.behaviour.stream_always

    async def _whole(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour, stream = self.behaviour, Stream()
        self.streams.append(stream)
        answer = answer_for(asked.body, fake_openai.limit_of(asked.body), behaviour)
        if behaviour.silent == "head":
            await self._wait_for_close(reader)
        for _ in answer.tokens:
            await self._before_token(stream, reader, writer)
            stream.tokens += 1
        body = behaviour.body or fake_openai.whole_answer(asked.path, asked.body, answer)
        data = whole(200, body, behaviour.headers, behaviour.content_type)
        if behaviour.ending in ("half_event", "half_chunk", "reset"):
            writer.write(data[: len(data) - len(data) // 4])
            await writer.drain()
            raise ConnectionResetError
        for start in range(0, len(data), behaviour.split_bytes or len(data)):
            writer.write(data[start : start + (behaviour.split_bytes or len(data))])
            await writer.drain()
        stream.ended = True

    async def _stream(
        self, dialect: Any, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        behaviour, stream = self.behaviour, Stream()
        self.streams.append(stream)
        answer = answer_for(asked.body, dialect.limit_of(asked.body), behaviour)
        lines = "".join(f"{line}\r\n" for line in behaviour.headers)
        kind = behaviour.content_type or dialect.STREAM_TYPE
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{lines}transfer-encoding: chunked\r\n\r\n".encode())
        await writer.drain()
        if behaviour.silent == "head":
            await self._wait_for_close(reader)
        events: Iterator[tuple[bool, bytes]] = dialect.events(asked.path, asked.body, answer)
        if behaviour.body is not None:
            events = iter([(False, behaviour.body)])
        for is_token, event in events:
            if is_token:
                await self._before_token(stream, reader, writer)
            await write_chunk(writer, event, behaviour.split_bytes)
            stream.tokens += is_token
        if behaviour.ending == "reset":
            writer.transport.abort()
            raise ConnectionResetError
        if behaviour.ending == "half_chunk":
            writer.write(b"40\r\ndata: {")
            await writer.drain()
            raise ConnectionResetError
        writer.write(b"0\r\n\r\n")
        stream.ended = True

    async def _before_token(self, stream: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = self.behaviour
        if behaviour.silent == "stream" and stream.tokens >= behaviour.silent_after:
            await self._wait_for_close(reader)
        await asyncio.sleep(behaviour.interval_s)
        if behaviour.gate is not None:
            await behaviour.gate.wait()
        if reader.at_eof() or writer.transport.is_closing():
            stream.closed_by_client = True
            raise ConnectionResetError

    async def _wait_for_close(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass
        if self.streams:
            self.streams[-1].closed_by_client = True
        raise ConnectionResetError


@asynccontextmanager
async def fake_backend(behaviour: Behaviour | None = None, *, port: int = 0) -> AsyncIterator[FakeBackend]:
    """A running fake backend on loopback."""
    backend = FakeBackend(behaviour or Behaviour())
    server = await asyncio.start_server(backend.serve, "127.0.0.1", port)
    backend.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield backend
    finally:
        server.close()
        await backend.stop()


def answer_for(body: dict[str, Any], limit: int | None, behaviour: Behaviour) -> Answer:
    """What is answered to a body: the same tokens whatever the limit is."""
    prompt = msgspec.json.encode((body.get("messages"), body.get("prompt")), order="sorted")
    digest = int.from_bytes(hashlib.blake2b(prompt, digest_size=8).digest())
    count = len(behaviour.pieces) or behaviour.tokens
    wanted = count if limit is None or behaviour.ignore_limit else min(limit, count)
    tokens = list(behaviour.pieces[:wanted]) or [token_at(digest, position) for position in range(wanted)]
    return Answer(
        model=str(body.get("model", "")),
        tokens=tokens,
        reasoning=behaviour.reasoning,
        finish_reason="length" if wanted < count else "stop",
        prompt_tokens=max(1, len(prompt) // 4),
        behaviour=behaviour,
    )


def texts_of(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


async def read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    headers = {name.lower(): value for name, value in re.findall(r"^([^:\r\n]+): ?([^\r\n]*)", head, re.MULTILINE)}
    length = min(int(headers.get("content-length", "0")), MAX_REQUEST_BYTES)
    raw = await reader.readexactly(length) if length else b""
    return Asked(method, path, headers, msgspec.json.decode(raw) if raw else None)


def whole(status: int, body: Any, headers: tuple[str, ...] = (), content_type: str = "") -> bytes:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    lines = "".join(f"{line}\r\n" for line in headers)
    kind = content_type or "application/json"
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{lines}content-length: {len(raw)}\r\n\r\n".encode() + raw


async def write_chunk(writer: asyncio.StreamWriter, data: bytes, split_bytes: int) -> None:
    framed = b"%x\r\n%s\r\n" % (len(data), data) if data else b""
    step = split_bytes or len(framed) or 1
    for start in range(0, len(framed), step):
        writer.write(framed[start : start + step])
        await writer.drain()
        if split_bytes:
            await asyncio.sleep(0)
