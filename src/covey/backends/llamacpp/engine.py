"""The embedded engine: model files run by llama.cpp in child processes, under the engine contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec
import structlog

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.answers import embeddings, finished, refusal
from covey.backends.llamacpp.config import LlamaCppConfig
from covey.backends.llamacpp.gguf import Header, read_header
from covey.backends.llamacpp.hardware import GPU_STEP_TOKENS, step_tokens, usable_cpus
from covey.backends.llamacpp.loaded_model import LoadedModel
from covey.backends.llamacpp.loaded_models import LoadedModels
from covey.backends.llamacpp.model_file import ModelFile
from covey.backends.llamacpp.process import ModelProcess, Work
from covey.backends.llamacpp.requests import embedding_bodies, generation_body, placed
from covey.backends.llamacpp.sampling_defaults import sampling_defaults, with_defaults
from covey.errors import (
    BackendUnavailable,
    CoveyError,
    InvalidRequest,
    ModelLoadFailed,
    ModelNotFound,
)
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import (
    Delta,
    Embed,
    Embeddings,
    Finished,
    Generate,
    GenerationEvent,
    Loading,
    Started,
    Usage,
)
from covey.protocol.registry import Capability, ModelDetails, ModelInfo, ModelState
from covey.runtime.child_process import SupervisionPolicy

log = structlog.get_logger(__name__)


class LlamaCppEngine:
    """Runs GGUF files. ``files`` says which there are, and is asked anew each time; the first one is loaded first."""

    kind = "llamacpp"

    def __init__(self, config: LlamaCppConfig, *, files: Callable[[], Sequence[ModelFile]]) -> None:
        self.name = config.name
        self._config = config
        self._files = files
        self._threads = config.threads or usable_cpus()
        self._loaded = LoadedModels(self._model, limit=config.max_loaded_models, keep_alive_s=config.keep_alive_s)
        self._headers: dict[tuple[Path, int, int], Header] = {}
        self._problems: dict[str, str] = {}
        """What was last wrong with the file of a model."""
        self._works: dict[RequestId, tuple[ModelProcess, Work]] = {}
        self._first_load: asyncio.Task[None] | None = None
        self._started = False

    @property
    def slots(self) -> int:
        return self._config.slots

    async def start(self) -> None:
        if self._started:
            return
        self._loaded.open()
        self._started = True
        files = self._files()
        if not files or self._config.load == "on_demand":
            return
        if self._config.load == "at_start":
            await self._load(files[0])
        else:
            self._first_load = asyncio.create_task(self._load_in_background(files[0]))  # ended by close

    async def close(self) -> None:
        self._started = False
        first, self._first_load = self._first_load, None
        if first is not None:
            first.cancel()
            await asyncio.wait([first])
        await self._loaded.close()

    async def generate(
        self, request: Generate, request_id: RequestId, asker: str = ""
    ) -> AsyncIterator[GenerationEvent]:
        file = self._file(request.model)
        header = await self._header(file)
        if header.embeds_only:
            raise InvalidRequest("this model makes embeddings only", param="model")
        context_length = self._context_length(header)
        defaults = sampling_defaults(header)
        if defaults:
            request = msgspec.structs.replace(request, sampling=with_defaults(request.sampling, defaults))
        chat, body = generation_body(request, context_length=context_length)
        if self._state(file) != "loaded":
            yield self._loading(file, header)
        async with self._loaded.using(file, request.keep_alive_s) as model:
            counted, process = 0, model.main
            place = process.prompts.take(asker, body)
            body = placed(body, place.number, reuse=place.reuse)
            run = process.run(
                lambda number: messages.RunGeneration(number, chat, body),
                lambda work: self._works.__setitem__(request_id, (process, work)),
            )
            try:
                async with aclosing(run) as answers:
                    async for message in answers:
                        match message:
                            case messages.Piece(_, text, reasoning, tool_calls, logprobs):
                                if not counted:
                                    place.read()
                                counted += 1
                                yield Delta(text=text, reasoning=reasoning, tool_calls=tool_calls, logprobs=logprobs)
                            case messages.WorkProgress():
                                place.read()
                            case messages.WorkStarted():
                                yield Started(model=ModelName(file.name), engine=self.name)
                            case messages.WorkDone():
                                yield finished(message)
                                return
                            case messages.WorkRefused():
                                raise refusal(message, context_length=context_length, embedding_tokens=0)
                yield Finished(reason="cancelled", usage=Usage(completion_tokens=counted, estimated=True))
            finally:
                self._works.pop(request_id, None)
                place.leave()

    async def embed(self, request: Embed, request_id: RequestId) -> Embeddings:
        file = self._file(request.model)
        header = await self._header(file)
        if not (self._config.embeddings or header.embeds_only):
            raise InvalidRequest("this model does not make embeddings", param="model")
        longest = self._embedding_tokens(header)
        bodies = embedding_bodies(request, texts_at_once=self._config.slots, tokens_at_once=longest)
        async with self._loaded.using(file, None) as model:
            process = await model.embedder()
            run = process.run(
                lambda number: messages.RunEmbedding(number, bodies),
                lambda work: self._works.__setitem__(request_id, (process, work)),
            )
            try:
                async with aclosing(run) as answers:
                    async for message in answers:
                        if isinstance(message, messages.WorkRefused):
                            raise refusal(
                                message, context_length=self._context_length(header), embedding_tokens=longest
                            )
                        if isinstance(message, messages.Vectors):
                            return embeddings(request, file, message)
            finally:
                self._works.pop(request_id, None)
        raise BackendUnavailable("the work was aborted")

    async def abort(self, request_id: RequestId) -> None:
        found = self._works.get(request_id)
        if found is not None:
            found[1].abort()

    async def health(self) -> None:
        if not self._started:
            raise BackendUnavailable("the engine is not running")
        for held in self._loaded.all():
            if held.loaded:
                await held.model.check()

    async def models(self) -> Sequence[ModelInfo]:
        return [await self._info(file) for file in self._files()]

    async def show(self, model: str) -> ModelDetails:
        file = self._file(model)
        header = await self._header(file)
        license_name = file.license or header.metadata.get("general.license")
        return ModelDetails(
            model=await self._info(file),
            template=header.template,
            parameters=sampling_defaults(header),
            metadata={key: value for key, value in header.metadata.items() if key != "tokenizer.chat_template"},
            license=str(license_name) if license_name else None,
        )

    async def unload(self, model: str) -> None:
        """Take a model out of memory; it is loaded again when somebody asks. Raises ModelNotFound."""
        await self._loaded.unload(self._file(model).name)

    async def expiries(self) -> dict[ModelName, float]:
        """When each loaded model that nobody uses leaves memory, in Unix seconds; those that stay are left out."""
        offset = time.time() - asyncio.get_running_loop().time()
        return {
            ModelName(held.file.name): held.expires + offset for held in self._loaded.all() if held.expires is not None
        }

    def _file(self, model: str) -> ModelFile:
        for file in self._files():
            if file.name == model:
                return file
        raise ModelNotFound("the engine has no model of that name", param="model")

    async def _load(self, file: ModelFile) -> None:
        await self._header(file)
        async with self._loaded.using(file, None):
            log.info("model_loaded", model=file.name)

    async def _load_in_background(self, file: ModelFile) -> None:
        # Logged where it failed; the next request for the model tries again and tells its caller.
        with suppress(CoveyError):
            await self._load(file)

    async def _header(self, file: ModelFile) -> Header:
        """Checked anew whenever the file has changed. Raises ModelLoadFailed."""
        try:
            status = await asyncio.to_thread(file.path.stat)
        except OSError as error:
            raise ModelLoadFailed("the model file is not there or cannot be read") from error
        key = (file.path, status.st_mtime_ns, status.st_size)
        if key not in self._headers:
            self._headers[key] = await asyncio.to_thread(read_header, file.path)
        return self._headers[key]

    def _context_length(self, header: Header) -> int:
        return min(self._config.context_length, header.context_length or self._config.context_length)

    def _embedding_tokens(self, header: Header) -> int:
        """Of the longest text; a multiple of the slots: llama.cpp aborts otherwise when it averages over tokens."""
        slots = self._config.slots
        return max(1, min(self._config.embedding_tokens, self._context_length(header)) // slots) * slots

    def _model(self, file: ModelFile) -> LoadedModel:
        status = file.path.stat()
        header = self._headers[(file.path, status.st_mtime_ns, status.st_size)]
        if header.embeds_only:
            return LoadedModel(self._process(file, self._embedding_order(file, header)))
        order = self._writing_order(file, header)
        if not self._config.embeddings:
            return LoadedModel(self._process(file, order))
        beside = msgspec.structs.replace(self._embedding_order(file, header), gpu_layers=0, beside=True)
        return LoadedModel(self._process(file, order), lambda: self._process(file, beside))

    def _writing_order(self, file: ModelFile, header: Header) -> messages.LoadModel:
        config = self._config
        return messages.LoadModel(
            path=str(file.path.resolve()),
            slots=config.slots,
            context_length=self._context_length(header),
            batch_tokens=config.batch_tokens or step_tokens(header.elements, self._threads),
            gpu_batch_tokens=config.batch_tokens or GPU_STEP_TOKENS,
            threads=self._threads,
            gpu_layers=config.gpu_layers,
            flash_attention=config.flash_attention,
            embedding=False,
            mean_pooling=False,
            prompt_cache=config.prompt_cache,
        )

    def _embedding_order(self, file: ModelFile, header: Header) -> messages.LoadModel:
        longest = self._embedding_tokens(header)
        return msgspec.structs.replace(
            self._writing_order(file, header),
            context_length=longest,
            batch_tokens=longest,
            gpu_batch_tokens=longest,
            embedding=True,
            mean_pooling=not header.has_pooling,
        )

    def _process(self, file: ModelFile, load: messages.LoadModel) -> ModelProcess:
        config = self._config
        policy = SupervisionPolicy(
            ready_timeout_s=config.load_timeout_s,
            probe_interval_s=config.probe_interval_s,
            probe_timeout_s=config.probe_interval_s,
            stop_timeout_s=3.0,
        )
        return ModelProcess(
            file.name, load, policy=policy, stall_timeout_s=config.stall_timeout_s, environment=config.environment
        )

    async def _info(self, file: ModelFile) -> ModelInfo:
        known = ModelInfo(name=ModelName(file.name), engine=self.name)
        try:
            header = await self._header(file)
        except ModelLoadFailed as error:
            if self._problems.get(file.name) != error.detail:
                log.warning("model_file_unusable", model=file.name, reason=error.detail)
            self._problems[file.name] = error.detail
            return ModelInfo(
                name=known.name, engine=self.name, state="unavailable", capabilities=(), problem=error.detail
            )
        self._problems.pop(file.name, None)
        return ModelInfo(
            name=known.name,
            aliases=tuple(ModelName(alias) for alias in file.aliases),
            engine=self.name,
            state=self._state(file),
            capabilities=self._capabilities(header),
            context_length=self._context_length(header),
            size_bytes=header.size_bytes,
            parameters=header.parameters,
            quantization=header.quantization,
            family=header.architecture or None,
            digest=file.digest,
            modified_at=file.path.stat().st_mtime,
        )

    def _loading(self, file: ModelFile, header: Header) -> Loading:
        return Loading(
            model=ModelName(file.name),
            size_bytes=header.size_bytes,
            expected_s=self._loaded.load_times_s.get(file.name),
        )

    def _state(self, file: ModelFile) -> ModelState:
        held = self._loaded.find(file.name)
        if held is None:
            return "cold"
        if not held.loading.done() or held.model.state in ("starting", "waiting"):
            return "loading"
        return "loaded" if held.model.state == "running" else "unavailable"

    def _capabilities(self, header: Header) -> tuple[Capability, ...]:
        if header.embeds_only:
            return ("embedding",)
        found: list[Capability] = ["chat", "completion"] if header.template else ["completion"]
        if self._config.embeddings:
            found.append("embedding")
        if "tools" in (header.template or ""):
            found.append("tools")
        if "<think>" in (header.template or ""):
            found.append("thinking")
        return tuple(found)
