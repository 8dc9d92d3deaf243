"""An engine without a model: token k of request r is always f(r, k), so that any loss, doubling or swap is visible.

It needs nothing but this package, is paced by its settings and can be told to fail. Tests, benchmarks and a first look
at Covey run on it.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from covey.backends.sampling import check_continuation
from covey.errors import (
    BackendUnavailable,
    ContextLengthExceeded,
    CoveyError,
    InvalidRequest,
    ModelNotFound,
    error_from_code,
)
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import (
    Delta,
    Embed,
    Embeddings,
    Finished,
    FinishReason,
    Generate,
    GenerationEvent,
    Loading,
    Started,
    TextPart,
    Timings,
    Usage,
)
from covey.protocol.registry import Capability, ModelDetails, ModelInfo, ModelState
from covey.quantities import NonNegativeInt, PositiveInt, Seconds

WORDS = (
    "amber birch cedar dusk ember fern grove hazel iris juniper kestrel lark meadow nettle oak plover quail reed sage "
    "thyme umber vetch wren yarrow alder brook clover dove elm finch gorse heather ivy jay knoll linnet moss nuthatch "
    "otter pine quartz robin slate tern upland vale willow yew aspen bramble crane dale east fox glade heron inlet "
    "jackdaw kite ledge mallow north owl peat"
).split()
CAPABILITIES: tuple[Capability, ...] = ("chat", "completion", "embedding", "tools", "thinking")
MAX_DIMENSIONS = 4096
TOKENS_BETWEEN_YIELDS = 16
REASONING_TOKENS = 4


class SampleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a sample engine behaves: its pace, its size, and the failures it has to show."""

    name: str = "sample"
    """What the engine is called in lists."""
    models: tuple[str, ...] = ("sample",)
    """Names of the models it pretends to have; the first is the default."""
    tokens: NonNegativeInt = 64
    """Length of an answer in tokens, unless the request allows fewer."""
    tokens_per_second: Annotated[float, Meta(ge=0.0, le=1e9)] = 0.0
    """Pace of one generation; 0: as fast as possible."""
    first_token_delay_s: Seconds = 0.0
    """Seconds between the start of a generation and its first token."""
    load_delay_s: Seconds = 0.0
    """Seconds that ``start`` takes, as if a model had to be loaded."""
    cold_load_s: Seconds = 0.0
    """Seconds that the first generation waits because the model is not in memory yet; 0: it is there."""
    slots: NonNegativeInt = 8
    """How many generations it says it can run at once; 0: no limit."""
    context_length: PositiveInt = 8192
    """Tokens that prompt and answer of one request may have together."""
    dimensions: Annotated[int, Meta(ge=1, le=MAX_DIMENSIONS)] = 64
    """Length of an embedding vector."""
    vision: bool = True
    """Whether it takes images, at which it does not look."""
    fail_code: str = "backend_unavailable"
    """Code of the error that the other ``fail_`` settings raise."""
    fail_every: NonNegativeInt = 0
    """Every n-th generation fails before its first event; 0: none does."""
    fail_after_tokens: Annotated[int, Meta(ge=-1)] = -1
    """Every generation fails after so many tokens; negative: none does."""
    hang_after_tokens: Annotated[int, Meta(ge=-1)] = -1
    """Every generation falls silent after so many tokens, until it is aborted; negative: none does."""
    fail_health: bool = False
    """Whether ``health`` fails."""


def digest_of(request: Generate) -> int:
    """What the tokens of an answer depend on: model, messages or prompt, and seed; not how many are asked for."""
    text = msgspec.json.encode((request.model, request.messages, request.prompt, request.sampling.seed))
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def token_at(digest: int, position: int) -> str:
    """Token ``position`` of the answer to the request with this digest."""
    mixed = (digest ^ (position + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    word = WORDS[(mixed * 0xBF58476D1CE4E5B9 >> 40) & 63]
    return word if position == 0 else " " + word


def answer_of(request: Generate, tokens: int) -> str:
    """The first ``tokens`` tokens of the plain answer to ``request``, as one text."""
    digest = digest_of(request)
    return "".join(token_at(digest, position) for position in range(tokens))


def words_in(request: Generate) -> int:
    """Words of the prompt: what this engine counts as prompt tokens."""
    count = len((request.prompt or "").split())
    for message in request.messages:
        parts = message.content if isinstance(message.content, tuple) else (TextPart(text=message.content or ""),)
        count += sum(len(part.text.split()) for part in parts if isinstance(part, TextPart))
    return max(1, count)


class _Run:
    """One running generation: its pace, and how it is told to stop."""

    def __init__(self, request_id: RequestId) -> None:
        self.request_id = request_id
        self.tokens = 0
        self.cancelled = False
        self.failure: CoveyError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def interrupt(self, failure: CoveyError | None = None) -> None:
        """End it now: with ``failure``, or as cancelled."""
        self.failure = self.failure or failure
        self.cancelled = failure is None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def interrupted(self) -> bool:
        return self.cancelled or self.failure is not None

    async def pause(self, duration_s: float | None) -> None:
        """Wait that long, or for ever, but no longer than until the interruption."""
        if self.interrupted:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if duration_s is None else loop.call_later(duration_s, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()


class SampleEngine:
    """An :class:`~covey.backends.base.Engine` that makes its answers up, the same ones every time."""

    kind = "sample"

    def __init__(self, config: SampleConfig) -> None:
        self.config = config
        self.name = config.name
        self._runs: set[_Run] = set()
        self._started = False
        self._begun = 0
        self._loaded_at: float | None = None
        """On the monotonic clock: when the model is, or was, in memory; None: nobody has asked for it yet."""

    @property
    def slots(self) -> int:
        return self.config.slots

    @property
    def running(self) -> int:
        """Generations that have a slot now."""
        return len(self._runs)

    async def start(self) -> None:
        if self.config.load_delay_s > 0:
            await asyncio.sleep(self.config.load_delay_s)
        self._started = True

    async def generate(
        self, request: Generate, request_id: RequestId, asker: str = ""
    ) -> AsyncIterator[GenerationEvent]:
        self._check(request.model)
        check_continuation(request)
        self._begun += 1
        if self.config.fail_every and self._begun % self.config.fail_every == 0:
            raise self._failure()
        run = _Run(request_id)
        self._runs.add(run)
        began = time.monotonic()
        try:
            if self._state() != "loaded":
                yield Loading(model=request.model, expected_s=self.config.cold_load_s)
                await run.pause(self._load_s())
            yield Started(model=request.model, engine=self.name)
            if self.config.first_token_delay_s > 0:
                await run.pause(self.config.first_token_delay_s)
            first_token = time.monotonic()
            reason: FinishReason = "stop"
            async with aclosing(self._deltas(request, run)) as deltas:
                async for event in deltas:
                    if isinstance(event, str):
                        reason = event
                    else:
                        yield event
            if run.failure is not None:
                raise run.failure
            yield Finished(
                reason="cancelled" if run.cancelled else reason,
                usage=Usage(prompt_tokens=words_in(request), completion_tokens=run.tokens),
                timings=Timings(
                    prompt_ms=(first_token - began) * 1000, generation_ms=(time.monotonic() - first_token) * 1000
                ),
            )
        finally:
            self._runs.discard(run)

    async def _deltas(self, request: Generate, run: _Run) -> AsyncGenerator[Delta | FinishReason]:
        """The paced deltas of one answer and then the reason for its end."""
        config = self.config
        interval_s = 1.0 / config.tokens_per_second if config.tokens_per_second > 0 else 0.0
        limit, reason = self._limit(request)
        due = time.monotonic()
        for delta in islice(self._answer(request), limit):
            if run.tokens == config.fail_after_tokens:
                raise self._failure()
            if run.tokens == config.hang_after_tokens:
                await run.pause(None)
            if interval_s and run.tokens:
                due += interval_s
                await run.pause(max(0.0, due - time.monotonic()))
            elif run.tokens % TOKENS_BETWEEN_YIELDS == TOKENS_BETWEEN_YIELDS - 1:
                await asyncio.sleep(0)
            if run.interrupted:
                return
            run.tokens += 1
            yield delta
            if delta.tool_calls:
                yield "tool_calls"
                return
        yield reason if run.tokens == limit else "stop"

    def _limit(self, request: Generate) -> tuple[int, FinishReason]:
        """Tokens the answer may have, and how it ends when it has them."""
        room = self.config.context_length - words_in(request)
        if room < 1:
            raise ContextLengthExceeded("the prompt is longer than the model's context", param="messages")
        allowed = min(request.sampling.max_tokens or room, room)
        return (self.config.tokens, "stop") if self.config.tokens <= allowed else (allowed, "length")

    def _answer(self, request: Generate) -> Iterator[Delta]:
        """Every delta of an answer of endless length, or of one that ends by itself."""
        digest = digest_of(request)
        if request.think or request.reasoning_effort:
            yield from (Delta(reasoning=token_at(~digest, position)) for position in range(REASONING_TOKENS))
        if (call := self._tool_call(request, digest)) is not None:
            yield Delta(tool_calls=(call,))
            return
        if request.response_format is not None and request.response_format.get("type") != "text":
            yield from (Delta(text=piece) for piece in ('{"answer"', ": ", f'"{token_at(digest, 0)}"', "}"))
            return
        text = ""
        for position in range(self.config.context_length):
            token = token_at(digest, position)
            text = text[-1000:] + token
            cut = min((at for stop in request.sampling.stop if (at := text.find(stop)) >= 0), default=-1)
            if cut >= 0:
                kept = token[: max(0, len(token) - (len(text) - cut))]
                if kept:
                    yield Delta(text=kept)
                return
            yield Delta(text=token, logprobs=self._logprobs(token) if request.logprobs else None)

    @staticmethod
    def _logprobs(token: str) -> dict[str, Any]:
        return {"content": [{"token": token, "logprob": -0.125, "bytes": list(token.encode()), "top_logprobs": []}]}

    @staticmethod
    def _tool_call(request: Generate, digest: int) -> dict[str, Any] | None:
        """A call of the tool that has to be called, if one has to be."""
        if not request.tools or request.tool_choice in (None, "auto", "none"):
            return None
        chosen = request.tool_choice if isinstance(request.tool_choice, dict) else request.tools[0]
        name = str(chosen.get("function", {}).get("name", ""))
        call_id = f"call_{digest:016x}"
        return {"index": 0, "id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}

    async def embed(self, request: Embed, request_id: RequestId) -> Embeddings:
        self._check(request.model)
        dimensions = request.dimensions or self.config.dimensions
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise InvalidRequest(f"dimensions is 1 to {MAX_DIMENSIONS}", param="dimensions")
        vectors = []
        for text in request.inputs:
            vectors.append(unit_vector(text, dimensions))
            await asyncio.sleep(0)
        tokens = sum(max(1, len(text.split())) for text in request.inputs)
        return Embeddings(model=request.model, vectors=tuple(vectors), usage=Usage(prompt_tokens=tokens))

    async def abort(self, request_id: RequestId) -> None:
        for run in self._runs:
            if run.request_id == request_id:
                run.interrupt()

    async def health(self) -> None:
        if not self._started or self.config.fail_health:
            raise BackendUnavailable("the engine is not running")

    async def models(self) -> Sequence[ModelInfo]:
        return [self._info(name) for name in self.config.models]

    def _info(self, name: str) -> ModelInfo:
        return ModelInfo(
            name=ModelName(name),
            engine=self.name,
            state=self._state(),
            capabilities=(*CAPABILITIES, "vision") if self.config.vision else CAPABILITIES,
            context_length=self.config.context_length,
            family="sample",
            is_default=name == self.config.models[0],
        )

    def _state(self) -> ModelState:
        if not self._started:
            return "cold"
        if self.config.cold_load_s <= 0:
            return "loaded"
        if self._loaded_at is None:
            return "cold"
        return "loaded" if time.monotonic() >= self._loaded_at else "loading"

    def _load_s(self) -> float:
        """How long the model still takes to load, which begins with the first question."""
        now = time.monotonic()
        if self._loaded_at is None:
            self._loaded_at = now + self.config.cold_load_s
        return max(0.0, self._loaded_at - now)

    async def show(self, model: str) -> ModelDetails:
        if model not in self.config.models:
            raise ModelNotFound("the engine has no model of that name", param="model")
        return ModelDetails(model=self._info(model), metadata={"general.architecture": "sample"})

    async def close(self) -> None:
        self._started = False
        self._loaded_at = None
        for run in self._runs:
            run.interrupt(BackendUnavailable("the engine was stopped"))

    def _check(self, model: str) -> None:
        if not self._started:
            raise BackendUnavailable("the engine is not running")
        if model not in self.config.models:
            raise ModelNotFound("the engine has no model of that name", param="model")

    def _failure(self) -> CoveyError:
        return error_from_code(self.config.fail_code, "the sample engine was told to fail")


def unit_vector(text: str, dimensions: int) -> tuple[float, ...]:
    """The same vector for the same text, of length 1; texts that share words lie nearer to each other."""
    sums = [0.0] * dimensions
    for word in text.lower().split() or [text]:
        raw = hashlib.shake_256(word.encode(errors="surrogatepass")).digest(dimensions)
        for index, byte in enumerate(raw):
            sums[index] += byte - 127.5
    length = math.sqrt(math.fsum(value * value for value in sums))
    return tuple(value / length for value in sums)
