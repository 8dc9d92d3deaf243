"""The engine that is an Ollama server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from covey.backends.failures import UNREADABLE, failure_of
from covey.backends.http import HttpPool, Response
from covey.backends.json_lines import LineParser
from covey.backends.ollama.answers import AnswerReader
from covey.backends.ollama.catalogue import (
    LoadedList,
    Progress,
    Shown,
    Tag,
    Tags,
    model_details,
    model_info,
    pull_progress,
    unix_seconds,
)
from covey.backends.ollama.config import OllamaConfig
from covey.backends.ollama.requests import check_pull_name, encode, encode_embed, encode_generate
from covey.backends.runs import Runs
from covey.backends.streamed_answer import Question, stream_answer
from covey.backends.token_count import embed_usage
from covey.backends.vectors import unit_vectors
from covey.backends.whole_answer import ask
from covey.errors import BackendProtocolError, BackendUnavailable, ModelNotFound, Overloaded
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Embed, Embeddings, Generate, GenerationEvent, Started
from covey.protocol.registry import ModelDetails, ModelInfo, PullProgress


class _Version(msgspec.Struct):
    version: str


class _EmbedAnswer(msgspec.Struct):
    embeddings: list[list[float]]
    prompt_eval_count: int | None = None


class _Generated(msgspec.Struct):
    done: bool = False


class OllamaEngine:
    """An :class:`~covey.backends.base.Engine` that can also pull and remove models. It loads one when it is used."""

    kind = "ollama"

    def __init__(self, config: OllamaConfig) -> None:
        self.name = config.name
        self._config = config
        self._pool = HttpPool(config.base_url, config.http, bearer=config.api_key)
        self._runs = Runs()
        self._shown: dict[tuple[str, str], Shown] = {}
        """What was shown of each name and digest: it never changes, so it is asked for once."""
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
        return stream_answer(self._pool, self._runs, request_id, lambda: self._question(request, request_id))

    def _question(self, request: Generate, request_id: RequestId) -> Question:
        self._check(request.model)
        path, body = encode_generate(self._config, request)
        return Question(
            path=path,
            body=body,
            started=Started(model=request.model, engine=self.name),
            parser=LineParser(),
            reader=AnswerReader(request, request_id, self._config.max_answer_tokens),
            check=check_stream,
        )

    async def embed(self, request: Embed, request_id: RequestId) -> Embeddings:
        self._check(request.model)
        body = encode_embed(self._config, request)
        answer = await ask(
            self._pool, "POST", "/api/embed", _EmbedAnswer, body=body, request_id=request_id, timeout_s=None
        )
        return Embeddings(
            model=request.model,
            vectors=unit_vectors(answer.embeddings, len(request.inputs)),
            usage=embed_usage(request, answer.prompt_eval_count),
        )

    async def abort(self, request_id: RequestId) -> None:
        self._runs.cancel(request_id)

    async def health(self) -> None:
        self._check()
        try:
            await ask(self._pool, "GET", "/api/version", _Version)
        except Overloaded:
            return  # a busy server is a healthy one

    async def models(self) -> Sequence[ModelInfo]:
        self._check()
        tags = (await ask(self._pool, "GET", "/api/tags", Tags)).models or []
        loaded = {model.name: model for model in (await ask(self._pool, "GET", "/api/ps", LoadedList)).models or []}
        return [
            model_info(self.name, tag, await self._show(tag), loaded.get(tag.name))
            for tag in tags
            if self._may_use(tag.name)
        ]

    async def expiries(self) -> dict[ModelName, float]:
        """Loaded models with the Unix time at which each is to be unloaded."""
        loaded = (await ask(self._pool, "GET", "/api/ps", LoadedList)).models or []
        times = {ModelName(model.name): unix_seconds(model.expires_at) for model in loaded}
        return {name: time for name, time in times.items() if time is not None}

    async def show(self, model: str) -> ModelDetails:
        for info in await self.models():
            if model == info.name or model in info.aliases:
                shown = await ask(self._pool, "POST", "/api/show", Shown, body=encode({"model": info.name}))
                return model_details(info, shown)
        raise ModelNotFound("the engine has no model of that name", param="model")

    async def load(self, model: str) -> None:
        """Load a model ahead of its first use. Raises ModelNotFound, BackendUnavailable."""
        self._check(model)
        body = {"model": model, "stream": False}
        if self._config.context_length is not None:
            body["options"] = {"num_ctx": self._config.context_length}
        if self._config.keep_alive_s is not None:
            body["keep_alive"] = max(self._config.keep_alive_s, -1)
        await ask(self._pool, "POST", "/api/generate", _Generated, body=encode(body), timeout_s=None)

    async def pull(self, name: str) -> AsyncIterator[PullProgress]:
        """Fetch a model; ends after ``done``. Raises InvalidRequest, ModelNotFound, BackendUnavailable."""
        self._check()
        check_pull_name(self._config, name)

        def allow_silence(response: Response) -> None:
            response.patience_s = self._config.pull_silence_s

        response = await self._pool.send(
            "POST", "/api/pull", encode({"model": name, "stream": True}), sent=allow_silence
        )
        parser = LineParser()
        try:
            await check_stream(response)
            while data := await response.chunk():
                for line in parser.feed(data):
                    progress = read_progress(line)
                    yield progress
                    if progress.status == "done":
                        return
            raise BackendProtocolError("the engine's stream ended before the model was there")
        finally:
            response.close()

    async def remove(self, name: str) -> None:
        """Delete a model. Raises ModelNotFound."""
        self._check(name)
        response, body = await self._pool.fetch("DELETE", "/api/delete", encode({"model": name}))
        if response.status != 200:
            raise await failure_of(response, body)

    async def _show(self, tag: Tag) -> Shown | None:
        """What the tag list leaves out. None when the model has gone since."""
        key = (tag.name, tag.digest)
        if key not in self._shown:
            try:
                self._shown[key] = await ask(self._pool, "POST", "/api/show", Shown, body=encode({"model": tag.name}))
            except ModelNotFound:
                return None
        return self._shown[key]

    def _may_use(self, name: str) -> bool:
        allowed = self._config.models
        return not allowed or name in allowed or name.removesuffix(":latest") in allowed or f"{name}:latest" in allowed

    def _check(self, model: str | None = None) -> None:
        if not self._started:
            raise BackendUnavailable("the engine is not running")
        if model is not None and not self._may_use(model):
            raise ModelNotFound("the engine has no model of that name", param="model")


async def check_stream(response: Response) -> None:
    """Raises what an answer that is no stream of lines means."""
    if response.status != 200:
        raise await failure_of(response)
    if response.content_type not in ("application/x-ndjson", "application/json"):
        raise BackendProtocolError("the engine does not stream")


def read_progress(line: bytes) -> PullProgress:
    try:
        progress = msgspec.json.decode(line, type=Progress)
    except UNREADABLE as error:
        raise BackendProtocolError("the engine's stream was not understood") from error
    if progress.error is not None:
        if "does not exist" in progress.error or "not found" in progress.error:
            raise ModelNotFound("there is no such model to pull", param="model")
        raise BackendUnavailable("the engine could not pull the model")
    return pull_progress(progress)
