"""What is billed: the engine's own count when it can be true, ours when it cannot.

An engine that says 1 and sends 500, or says a million and sends 5, is not believed.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import msgspec

from covey.protocol.inference import Embed, Generate, TextPart, Usage

BYTES_PER_TOKEN = 4
BYTES_PER_TOKEN_AT_MOST = 12
"""An answer without a count has at least this many tokens for its length, however few chunks it came in."""
SLACK_TOKENS = 2
HIDDEN_TOKENS = 64
"""End markers and the like that are counted but never sent."""
TEMPLATE_TOKENS = 1024
"""What a chat template may add to a prompt."""


class TokenCount(msgspec.Struct, eq=False):
    """Counts the pieces of one answer as they pass, and judges the engine's own count in the end."""

    max_tokens: int | None
    pieces: int = 0
    answer_bytes: int = 0

    def add(self, size_bytes: int) -> None:
        self.pieces += 1
        self.answer_bytes += size_bytes

    def add_whole(self, size_bytes: int) -> None:
        """An answer that came in one piece: for each piece that it might have come in as a stream, as one counts."""
        self.pieces += max(1, size_bytes // BYTES_PER_TOKEN_AT_MOST)
        self.answer_bytes += size_bytes

    def usage(self, request: Generate, prompt: Any, completion: Any, *, cached: Any = 0, reasoning: Any = 0) -> Usage:
        """``prompt`` and ``completion`` are the engine's counts, or anything else if it gave none."""
        text_bytes = prompt_bytes(request)
        prompt_known = is_count(prompt) and 0 < prompt <= text_bytes + TEMPLATE_TOKENS
        prompt_tokens = prompt if prompt_known else max(1, text_bytes // BYTES_PER_TOKEN)
        completion_known = self._is_possible(completion)
        completion_tokens = completion if completion_known else self.estimate()
        return Usage(
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cached_prompt_tokens=min(cached, prompt_tokens) if is_count(cached) else 0,
            reasoning_tokens=min(reasoning, completion_tokens) if is_count(reasoning) else 0,
            estimated=not (prompt_known and completion_known),
        )

    def estimate(self) -> int:
        return max(self.pieces, self.answer_bytes // BYTES_PER_TOKEN_AT_MOST)

    def _is_possible(self, tokens: Any) -> bool:
        if not is_count(tokens) or tokens < self.pieces * 0.99 - SLACK_TOKENS:
            return False
        return bool(
            tokens <= self.answer_bytes + HIDDEN_TOKENS and tokens <= (self.max_tokens or tokens) + SLACK_TOKENS
        )


def is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**31  # a bool is none


def embed_usage(request: Embed, said: Any) -> Usage:
    """The tokens of the inputs: ``said`` by the engine when that can be true, estimated by length when not."""
    text_bytes = sum(len(text.encode(errors="replace")) for text in request.inputs)
    if is_count(said) and 0 < said <= text_bytes + 16 * len(request.inputs):
        return Usage(prompt_tokens=said)
    return Usage(prompt_tokens=max(1, text_bytes // BYTES_PER_TOKEN), estimated=True)


def prompt_bytes(request: Generate) -> int:
    """Bytes of everything the engine reads; an image counts with its whole data."""
    size_bytes = len((request.prompt or "").encode(errors="replace")) + len(request.suffix or "")
    for message in request.messages:
        if isinstance(message.content, str):
            size_bytes += len(message.content.encode(errors="replace"))
        else:
            for part in message.content or ():
                text = part.text if isinstance(part, TextPart) else part.image_url.url
                size_bytes += len(text.encode(errors="replace"))
        for call in message.tool_calls:
            size_bytes += len(call.function.name) + len(call.function.arguments)
    for tool in request.tools:
        size_bytes += len(str(tool))
    return size_bytes
