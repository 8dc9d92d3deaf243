"""The engine that is any server with OpenAI's API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from covey.backends.failures import failure_of
from covey.backends.http import HttpPool, Response
from covey.backends.openai.answers import AnswerReader
from covey.backends.openai.config import OpenAIConfig, OpenAIModel
from covey.backends.openai.requests import encode_embed, encode_generate
from covey.backends.runs import Runs
from covey.backends.server_sent_events import EventParser
from covey.backends.streamed_answer import Question, stream_answer, whole_answer
from covey.backends.token_count import embed_usage
from covey.backends.vectors import unit_vectors
from covey.backends.whole_answer import ask
from covey.errors import BackendProtocolError, BackendUnavailable, ModelNotFound, Overloaded
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Delta, Embed, Embeddings, Generate, GenerationEvent, Started
from covey.protocol.registry import ModelDetails, ModelInfo
from covey.protocol.whole_answers import WholeAnswer


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _EmbedUsage(msgspec.Struct):
    prompt_tokens: Any = None


class _EmbedAnswer(msgspec.Struct):
    data: list[_Vector]
    usage: _EmbedUsage | None = None


class _ModelMeta(msgspec.Struct):
    n_ctx: int | None = None
    n_ctx_train: int | None = None
    size: int | None = None


class _Model(msgspec.Struct):
    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    meta: _ModelMeta | None = None


class _Models(msgspec.Struct):
    data: list[_Model]


class OpenAICompatibleEngine:
    """An :class:`~covey.backends.base.Engine`. It asks for a stream unless nobody watches the answer grow; either way a
    cancel closes the connection at once."""

    kind = "openai"

    def __init__(self, config: OpenAIConfig) -> None:
        self.name = config.name
        self._config = config
        self._pool = HttpPool(config.base_url, config.http, bearer=config.api_key)
        self._models = {model.name: model for model in config.models}
        self._runs = Runs()
        self._started = False

    @property
    def slots(self) -> int:
        return self._config.slots

    @property
    def running(self) -> int:
        """Generations under way."""
        return len(self._runs)

    async def start(self) -> None:
        self._started = True
        try:
            await self.health()
        except BaseException:  # raised again: whoever starts the engine reports it
            self._started = False
            await self._pool.close()
            raise

    async def close(self) -> None:
        self._started = False
        await self._pool.close()

    def generate(self, request: Generate, request_id: RequestId, asker: str = "") -> AsyncIterator[GenerationEvent]:
        return stream_answer(self._pool, self._runs, request_id, lambda: self._question(request, asker))

    async def answer(self, request: Generate, request_id: RequestId, asker: str = "") -> WholeAnswer:
        return await whole_answer(self._pool, self._runs, request_id, self._question(request, asker))

    def _question(self, request: Generate, asker: str) -> Question:
        self._check_started()
        path, body = encode_generate(self._config, request, self._upstream(request.model), asker)
        reader = AnswerReader(request, self._config.max_answer_tokens)

        async def check(response: Response) -> Delta | None:
            if response.status != 200:
                raise await failure_of(response)
            kind = response.content_type
            if kind == "text/event-stream":
                response.patience_s = None
                return None
            content = await response.read(self._config.http.max_body_bytes)
            if kind != "application/json":
                raise BackendProtocolError("the engine's answer is neither a stream nor JSON")
            # Some servers answer whole although a stream was asked for, as some stream although none was.
            return reader.take_whole(content)

        return Question(
            path=path,
            body=body,
            started=Started(model=request.model, engine=self.name),
            parser=EventParser(),
            reader=reader,
            check=check,
            patience_s=None if request.stream else self._config.http.whole_answer_timeout_s,
            join=reader.take_texts,
        )

    async def embed(self, request: Embed, request_id: RequestId) -> Embeddings:
        self._check_started()
        body = encode_embed(request, self._upstream(request.model))
        answer = await ask(
            self._pool, "POST", "/embeddings", _EmbedAnswer, body=body, request_id=request_id, timeout_s=None
        )
        in_order = sorted(answer.data, key=lambda item: item.index)
        if [item.index for item in in_order] != list(range(len(request.inputs))):
            raise BackendProtocolError("the engine sent other vectors than it was asked for")
        return Embeddings(
            model=request.model,
            vectors=unit_vectors([item.embedding for item in in_order], len(request.inputs)),
            usage=embed_usage(request, answer.usage.prompt_tokens if answer.usage else None),
        )

    async def abort(self, request_id: RequestId) -> None:
        self._runs.cancel(request_id)

    async def health(self) -> None:
        self._check_started()
        try:
            await self._listed()
        except Overloaded:
            return  # a busy server is a healthy one

    async def models(self) -> Sequence[ModelInfo]:
        self._check_started()
        listed = {model.id: model for model in await self._listed()}
        if self._models:
            return [self._info(model, listed.get(model.upstream or model.name)) for model in self._models.values()]
        return [
            self._info(OpenAIModel(name=name, capabilities=self._config.capabilities), found)
            for name, found in listed.items()
        ]

    def _info(self, model: OpenAIModel, found: _Model | None) -> ModelInfo:
        meta = (found.meta if found else None) or _ModelMeta()
        context_length = model.context_length
        if context_length is None and found is not None:
            context_length = found.max_model_len or found.context_length or meta.n_ctx or meta.n_ctx_train
        return ModelInfo(
            name=ModelName(model.name),
            engine=self.name,
            state="loaded" if found is not None else "unavailable",
            capabilities=model.capabilities,
            context_length=context_length,
            size_bytes=meta.size,
        )

    async def show(self, model: str) -> ModelDetails:
        for info in await self.models():
            if info.name == model:
                return ModelDetails(model=info)
        raise ModelNotFound("the engine has no model of that name", param="model")

    async def _listed(self) -> list[_Model]:
        return (await ask(self._pool, "GET", "/models", _Models)).data

    def _upstream(self, model: str) -> str:
        """What the server calls a model. Raises ModelNotFound for one that may not be used."""
        if not self._models:
            return model
        try:
            return self._models[model].upstream or model
        except KeyError as error:
            raise ModelNotFound("the engine has no model of that name", param="model") from error

    def _check_started(self) -> None:
        if not self._started:
            raise BackendUnavailable("the engine is not running")
