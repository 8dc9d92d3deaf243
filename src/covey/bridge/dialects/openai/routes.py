"""The handlers of the OpenAI dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import cast

import msgspec

from covey.bridge.calls import Calls
from covey.bridge.credentials import require_credential
from covey.bridge.dialects.openai.errors import error_frame, render_openai_error
from covey.bridge.dialects.openai.requests import (
    ChatCompletionRequest,
    CompletionRequest,
    EmbeddingRequest,
    RequestDecoder,
    chat_generation,
    completion_generation,
    embedding_inputs,
)
from covey.bridge.dialects.openai.responses import (
    Answer,
    ChatChunks,
    Chunks,
    CompletionChunks,
    embeddings_body,
    model_list,
    model_object,
)
from covey.bridge.exchange import Exchange, Header
from covey.bridge.router import Described, Route
from covey.bridge.sse import LineStream
from covey.errors import ModelNotFound, NotFound, StreamInterrupted, error_from_code
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    CLIENT_EMBED,
    CLIENT_GENERATE,
    Delta,
    Embed,
    Failed,
    Finished,
    GatewayEmbed,
    Generate,
    GenerationEvent,
    Started,
    StartGeneration,
)
from covey.protocol.registry import ModelDetails, ModelList, ModelRef
from covey.protocol.whole_answers import CLIENT_ANSWER
from covey.rpc.gathered import gathered
from covey.runtime.clock import Clock

MakeChunks = Callable[[str], Chunks]
"""Model name → the maker of a stream's events."""
MakeBody = Callable[[Answer, str, Finished], bytes]
"""Deltas, model name and end → the body of an answer that is sent whole."""


def openai_routes(calls: Calls, clock: Clock) -> list[Route]:
    """Everything under ``/v1``."""
    generating = _Generating(calls, clock)
    models = _Models(calls)
    return [
        Route(
            "POST",
            "/v1/chat/completions",
            generating.chat,
            Described(
                "openai.chat", "Answer a conversation", "openai", request=ChatCompletionRequest, access="inference"
            ),
            render_openai_error,
            cancellable=True,
        ),
        Route(
            "POST",
            "/v1/completions",
            generating.completion,
            Described("openai.completions", "Continue a text", "openai", request=CompletionRequest, access="inference"),
            render_openai_error,
            cancellable=True,
        ),
        Route(
            "POST",
            "/v1/embeddings",
            generating.embeddings,
            Described(
                "openai.embeddings", "Turn texts into vectors", "openai", request=EmbeddingRequest, access="inference"
            ),
            render_openai_error,
            cancellable=True,
        ),
        Route(
            "GET",
            "/v1/models",
            models.list,
            Described("openai.models.list", "Models that the credential may use", "openai", access="any"),
            render_openai_error,
        ),
        Route(
            "GET",
            "/v1/models/{model:path}",
            models.show,
            Described("openai.models.get", "One model", "openai", access="any"),
            render_openai_error,
        ),
    ]


class AnswerMark:
    """An answer's id and time: those of its request, unless it is kept for repeats, which have the same."""

    __slots__ = ("_prefix", "created", "id")

    def __init__(self, prefix: str, exchange: Exchange, now: float) -> None:
        self._prefix = prefix
        self.id = prefix + exchange.request_id.removeprefix("req_")
        self.created = int(now)

    def take(self, started: Started) -> None:
        if started.kept_as is not None:
            self.id = self._prefix + started.kept_as.removeprefix("gen_")
            self.created = int(started.kept_at)


class _Generating:
    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._chat_decoder = RequestDecoder(ChatCompletionRequest)
        self._completion_decoder = RequestDecoder(CompletionRequest)
        self._embedding_decoder = RequestDecoder(EmbeddingRequest)

    async def chat(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        request, ignored = self._chat_decoder.decode(await exchange.body())
        _tell_ignored(exchange, ignored)
        generate = chat_generation(request)
        mark = AnswerMark("chatcmpl-", exchange, self._clock.now())
        if request.stream:
            usage = _wants_usage(request)
            await self._stream(
                exchange,
                credential,
                generate,
                mark,
                lambda model: ChatChunks(mark.id, mark.created, model, include_usage=usage),
            )
        else:
            await self._whole(
                exchange,
                credential,
                generate,
                mark,
                lambda answer, model, end: answer.chat(mark.id, mark.created, model, end.reason, end.usage),
            )

    async def completion(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        request, ignored = self._completion_decoder.decode(await exchange.body())
        _tell_ignored(exchange, ignored)
        generate = completion_generation(request)
        echoed = (generate.prompt or "") if request.echo else ""
        mark = AnswerMark("cmpl-", exchange, self._clock.now())
        if request.stream:
            usage = _wants_usage(request)
            await self._stream(
                exchange,
                credential,
                generate,
                mark,
                lambda model: CompletionChunks(mark.id, mark.created, model, include_usage=usage, echoed=echoed),
            )
        else:
            await self._whole(
                exchange,
                credential,
                generate,
                mark,
                lambda answer, model, end: answer.completion(
                    mark.id, mark.created, model, end.reason, end.usage, echoed=echoed
                ),
            )

    async def embeddings(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        request, ignored = self._embedding_decoder.decode(await exchange.body())
        _tell_ignored(exchange, ignored)
        embed = Embed(model=request.model, inputs=embedding_inputs(request), dimensions=request.dimensions)
        embeddings = await self._calls.bus.call(
            CLIENT_EMBED,
            GatewayEmbed(credential=credential, embed=embed),
            exchange.context(self._calls.generation_timeout_s),
        )
        body = embeddings_body(embeddings, as_base64=request.encoding_format == "base64")
        await exchange.respond(200, body, headers=_timing_headers(exchange, None))

    async def _whole(
        self, exchange: Exchange, credential: str, generate: Generate, mark: AnswerMark, make_body: MakeBody
    ) -> None:
        asked = self._calls.bus.call_local(
            CLIENT_ANSWER,
            StartGeneration(credential=credential, generate=generate),
            exchange.context(self._calls.generation_timeout_s),
        )
        whole = await (gathered(self._events(exchange, credential, generate)) if asked is None else asked)
        answer = Answer()
        for delta in whole.deltas:
            answer.add(delta)
        started, model = whole.started, generate.model
        if started is not None:
            mark.take(started)
            model = started.model
        body = make_body(answer, model, whole.finished)
        await exchange.respond(200, body, headers=_timing_headers(exchange, started))

    async def _stream(
        self, exchange: Exchange, credential: str, generate: Generate, mark: AnswerMark, make_chunks: MakeChunks
    ) -> None:
        exchange.failure_frames = error_frame
        chunks: Chunks | None = None
        stream = self._calls.line_stream(exchange)
        async with stream, aclosing(self._events(exchange, credential, generate)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    if chunks is None:
                        chunks = make_chunks(generate.model)
                        await self._begin(stream, exchange, chunks, None)
                    await stream.write(chunks.delta(event))
                elif isinstance(event, Started):
                    mark.take(event)
                    chunks = make_chunks(event.model)
                    await self._begin(stream, exchange, chunks, event)
                elif isinstance(event, Finished):
                    if chunks is None:
                        chunks = make_chunks(generate.model)
                    await stream.end(chunks.last(event.reason, event.usage))
                    return
                elif isinstance(event, Failed):
                    raise _failure(event)
        raise StreamInterrupted("the generation ended without an end")

    async def _begin(self, stream: LineStream, exchange: Exchange, chunks: Chunks, started: Started | None) -> None:
        await stream.begin(_timing_headers(exchange, started))
        first = chunks.first()
        if first:
            await stream.write(first)

    def _events(self, exchange: Exchange, credential: str, generate: Generate) -> AsyncGenerator[GenerationEvent, None]:
        return cast(
            "AsyncGenerator[GenerationEvent, None]",
            self._calls.bus.stream(
                CLIENT_GENERATE,
                StartGeneration(credential=credential, generate=generate),
                exchange.context(self._calls.generation_timeout_s),
            ),
        )


class _Models:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list(self, exchange: Exchange) -> None:
        found: ModelList = await self._calls.operate("models.list", exchange, require_credential(exchange))
        await exchange.respond(200, model_list(found.items))

    async def show(self, exchange: Exchange) -> None:
        name = exchange.path_parameters["model"]
        try:
            details: ModelDetails = await self._calls.operate(
                "models.show", exchange, require_credential(exchange), ModelRef(model=ModelName(name))
            )
        except NotFound as error:
            raise ModelNotFound(f"there is no model {name[:200]}", param="model") from error
        await exchange.respond(200, msgspec.json.encode(model_object(details.model)))


def _failure(failed: Failed) -> Exception:
    return error_from_code(failed.code, failed.detail, retry_after_s=failed.retry_after_s)


def _wants_usage(request: ChatCompletionRequest | CompletionRequest) -> bool:
    return request.stream_options is not None and bool(request.stream_options.include_usage)


def _tell_ignored(exchange: Exchange, ignored: tuple[str, ...]) -> None:
    named = [name for name in ignored if name.isascii() and name.isidentifier() and len(name) <= 64][:20]
    if named:
        exchange.response_headers.append((b"x-covey-ignored", ", ".join(named).encode("ascii")))


def _timing_headers(exchange: Exchange, started: Started | None) -> list[Header]:
    headers: list[Header] = [(b"openai-processing-ms", b"%d" % exchange.elapsed_ms())]
    if started is not None:
        headers.append((b"x-covey-queue-ms", b"%d" % started.queue_ms))
        if started.node is not None:
            headers.append((b"x-covey-node", started.node.encode("latin-1", "replace")))
    return headers
