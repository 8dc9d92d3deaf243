"""One prompt, answered at start as proof that everything works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import msgspec

from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import (
    PROCESSOR_GENERATE,
    ChatMessage,
    Delta,
    Finished,
    Generate,
    GenerationEvent,
    Sampling,
    Started,
)
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.runtime.identifiers import mint

QUESTION = "What is the capital of France? Answer in one short sentence."
LONGEST_TOKENS = 32
TIMEOUT_S = 120.0


class SmokeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    text: str
    tokens: int
    tokens_per_s: float
    first_token_s: float


async def answer_smoke_prompt(bus: Bus) -> SmokeAnswer:
    """By the default model, straight from a processor. Raises what kept it from answering, as a CoveyError."""
    generate = Generate(
        model=ModelName("default"),
        messages=(ChatMessage(role="user", content=QUESTION),),
        sampling=Sampling(max_tokens=LONGEST_TOKENS, temperature=0.0),
    )
    context = CallContext(request_id=RequestId(mint("req")), deadline=asyncio.get_running_loop().time() + TIMEOUT_S)
    began = time.perf_counter()
    first: float | None = None
    text, model, tokens = "", "", 0
    stream = cast("AsyncGenerator[GenerationEvent, None]", bus.stream(PROCESSOR_GENERATE, generate, context))
    async with aclosing(stream) as events:
        async for event in events:
            match event:
                case Started():
                    model = event.model
                case Delta():
                    first = first or time.perf_counter()
                    text += event.text
                case Finished():
                    tokens = event.usage.completion_tokens
    spent_s = max(time.perf_counter() - (first or began), 1e-6)
    return SmokeAnswer(
        model=model,
        text=text.strip(),
        tokens=tokens,
        tokens_per_s=max(tokens - 1, 0) / spent_s,
        first_token_s=(first or began) - began,
    )
