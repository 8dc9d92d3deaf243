"""What clients get in the OpenAI dialect: whole answers and the chunks of streamed ones.

A chunk's constant head and tail are encoded once per answer, so that one piece of text costs one small encoding.
"""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from covey.protocol.inference import Delta, Embeddings, Usage
from covey.protocol.registry import CatalogueModel, ModelInfo

DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode
FINISH_REASONS = {"cancelled": "stop"}
"""Reasons of ours that the dialect does not have."""


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_prompt_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


class Chunks(Protocol):
    """Makes the events of one streamed answer."""

    def first(self) -> bytes:
        """Sent as soon as the generation has begun."""

    def delta(self, delta: Delta) -> bytes: ...

    def last(self, reason: str, usage: Usage) -> bytes:
        """The end, ``[DONE]`` included."""


class ChatChunks:
    def __init__(self, answer_id: str, created: int, model: str, *, include_usage: bool) -> None:
        base = _encode({"id": answer_id, "object": "chat.completion.chunk", "created": created, "model": model})[:-1]
        self._head = b"data: " + base + b',"choices":[{"index":0,"delta":'
        self._text_head = self._head + b'{"content":'
        ending = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._tail = b',"logprobs":null,"finish_reason":null}]' + ending
        self._text_tail = b"}" + self._tail
        self._ending = ending
        self._usage_head = b"data: " + base + b',"choices":[],"usage":'
        self._include_usage = include_usage

    def first(self) -> bytes:
        return self._head + b'{"role":"assistant","content":""}' + self._tail

    def delta(self, delta: Delta) -> bytes:
        if not (delta.reasoning or delta.tool_calls or delta.logprobs is not None):
            return self._text_head + _encode(delta.text) + self._text_tail
        content: dict[str, Any] = {}
        if delta.text:
            content["content"] = delta.text
        if delta.reasoning:
            content["reasoning_content"] = delta.reasoning
        if delta.tool_calls:
            content["tool_calls"] = delta.tool_calls
        logprobs = chat_logprobs([delta.logprobs])
        tail = b',"logprobs":' + _encode(logprobs) + b',"finish_reason":null}]' + self._ending
        return self._head + _encode(content) + tail

    def last(self, reason: str, usage: Usage) -> bytes:
        finish = _encode(FINISH_REASONS.get(reason, reason))
        frames = self._head + b'{},"logprobs":null,"finish_reason":' + finish + b"}]" + self._ending
        if self._include_usage:
            frames += self._usage_head + _encode(usage_object(usage)) + b"}\n\n"
        return frames + DONE


class CompletionChunks:
    def __init__(self, answer_id: str, created: int, model: str, *, include_usage: bool, echoed: str = "") -> None:
        base = _encode({"id": answer_id, "object": "text_completion", "created": created, "model": model})[:-1]
        self._head = b"data: " + base + b',"choices":[{"index":0,"text":'
        self._ending = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._tail = b',"logprobs":null,"finish_reason":null}]' + self._ending
        self._usage_head = b"data: " + base + b',"choices":[],"usage":'
        self._include_usage = include_usage
        self._echoed = echoed
        self._offset = 0

    def first(self) -> bytes:
        return self._head + _encode(self._echoed) + self._tail if self._echoed else b""

    def delta(self, delta: Delta) -> bytes:
        if delta.logprobs is None:
            return self._head + _encode(delta.text) + self._tail
        logprobs = completion_logprobs([delta.logprobs], self._offset)
        self._offset += len(delta.text)
        tail = b',"logprobs":' + _encode(logprobs) + b',"finish_reason":null}]' + self._ending
        return self._head + _encode(delta.text) + tail

    def last(self, reason: str, usage: Usage) -> bytes:
        finish = _encode(FINISH_REASONS.get(reason, reason))
        frames = self._head + b'"","logprobs":null,"finish_reason":' + finish + b"}]" + self._ending
        if self._include_usage:
            frames += self._usage_head + _encode(usage_object(usage)) + b"}\n\n"
        return frames + DONE


class Answer(msgspec.Struct, eq=False):
    """Gathers the deltas of an answer that is sent whole."""

    texts: list[str] = []
    reasoning: list[str] = []
    tool_calls: dict[int, dict[str, Any]] = {}
    logprobs: list[Any] = []

    def add(self, delta: Delta) -> None:
        if delta.text:
            self.texts.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        for piece in delta.tool_calls:
            self._add_tool_call(piece)
        if delta.logprobs is not None:
            self.logprobs.append(delta.logprobs)

    def _add_tool_call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index", len(self.tool_calls))
        call = self.tool_calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""

    def chat(self, answer_id: str, created: int, model: str, reason: str, usage: Usage) -> bytes:
        text = "".join(self.texts)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.tool_calls:
            message["tool_calls"] = [self.tool_calls[index] for index in sorted(self.tool_calls)]
            message["content"] = text or None
        choice = {
            "index": 0,
            "message": message,
            "logprobs": chat_logprobs(self.logprobs),
            "finish_reason": FINISH_REASONS.get(reason, reason),
        }
        return _whole("chat.completion", answer_id, created, model, choice, usage)

    def completion(
        self, answer_id: str, created: int, model: str, reason: str, usage: Usage, *, echoed: str = ""
    ) -> bytes:
        choice = {
            "index": 0,
            "text": echoed + "".join(self.texts),
            "logprobs": completion_logprobs(self.logprobs, 0),
            "finish_reason": FINISH_REASONS.get(reason, reason),
        }
        return _whole("text_completion", answer_id, created, model, choice, usage)


def _whole(kind: str, answer_id: str, created: int, model: str, choice: dict[str, Any], usage: Usage) -> bytes:
    return _encode(
        {
            "id": answer_id,
            "object": kind,
            "created": created,
            "model": model,
            "choices": [choice],
            "usage": usage_object(usage),
            "system_fingerprint": None,
        }
    )


def chat_logprobs(pieces: Sequence[Any]) -> dict[str, Any] | None:
    """Joins logprobs in OpenAI's chat form (``{"content": [...]}`` or the list alone); None when there are none."""
    entries: list[Any] = []
    for piece in pieces:
        found = piece.get("content") if isinstance(piece, dict) else piece
        if isinstance(found, (list, tuple)):
            entries.extend(found)
    return {"content": entries, "refusal": None} if entries else None


def completion_logprobs(pieces: Sequence[Any], offset: int) -> dict[str, Any] | None:
    """The same, in the form of the older completions endpoint."""
    joined = chat_logprobs(pieces)
    if joined is None:
        return None
    tokens, offsets = [], []
    for entry in joined["content"]:
        tokens.append(entry.get("token", ""))
        offsets.append(offset)
        offset += len(tokens[-1])
    return {
        "tokens": tokens,
        "token_logprobs": [entry.get("logprob") for entry in joined["content"]],
        "top_logprobs": [
            {top.get("token", ""): top.get("logprob") for top in entry.get("top_logprobs") or ()}
            for entry in joined["content"]
        ],
        "text_offset": offsets,
    }


def embeddings_body(embeddings: Embeddings, *, as_base64: bool) -> bytes:
    return _encode(
        {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": base64_floats(vector) if as_base64 else vector,
                }
                for index, vector in enumerate(embeddings.vectors)
            ],
            "model": embeddings.model,
            "usage": {
                "prompt_tokens": embeddings.usage.prompt_tokens,
                "total_tokens": embeddings.usage.prompt_tokens,
            },
        }
    )


def base64_floats(vector: Sequence[float]) -> str:
    """32-bit little-endian floats, as OpenAI's clients decode them."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def model_object(model: ModelInfo) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": int(model.modified_at or 0),
        "owned_by": model.engine or "covey",
    }


def model_list(items: Sequence[CatalogueModel]) -> bytes:
    return _encode({"object": "list", "data": [model_object(item.model) for item in items]})
