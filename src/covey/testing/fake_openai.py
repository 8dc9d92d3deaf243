"""The forms of an OpenAI-compatible server, as vLLM sends them, for the fake backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from covey.testing.fake_backend import Answer

STREAM_TYPE = "text/event-stream; charset=utf-8"


def plain_answer(method: str, path: str, body: Any, models: tuple[str, ...]) -> tuple[int, Any] | None:
    """The answer of the routes that no knob touches."""
    if (method, path) == ("GET", "/v1/models"):
        return 200, {
            "object": "list",
            "data": [
                {"id": name, "object": "model", "created": 1, "owned_by": "vllm", "max_model_len": 4096}
                for name in models
            ],
        }
    if not path.startswith("/v1/") and not path.startswith("/api/") and path != "/":
        return 404, {"detail": "Not Found"}
    return None


def error_body(status: int, error: Any) -> dict[str, Any]:
    return {"error": {"message": error, "type": "Error", "param": None, "code": status}}


def not_found(model: str) -> dict[str, Any]:
    return {
        "error": {
            "message": f"The model `{model}` does not exist.",
            "type": "NotFoundError",
            "param": "model",
            "code": 404,
        }
    }


def limit_of(body: dict[str, Any]) -> int | None:
    limit: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit


def embeddings(model: str, vectors: list[list[float]], texts: list[str]) -> dict[str, Any]:
    tokens = sum(max(1, len(text) // 4) for text in texts)
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)][
            ::-1
        ],
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def events(path: str, body: dict[str, Any], answer: Answer) -> Iterator[tuple[bool, bytes]]:
    """Every event of a stream, with whether it is a token."""
    behaviour = answer.behaviour
    is_chat = "chat" in path
    if is_chat:
        yield False, _chunk(answer, {"role": "assistant", "content": ""}, None, True)
    for position, token in enumerate(answer.tokens):
        if position == behaviour.error_after:
            yield False, _event({"error": behaviour.error})
            return
        name = "reasoning_content" if position < answer.reasoning else "content"
        logprobs = None
        if body.get("logprobs"):
            logprobs = {"content": [{"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []}]}
        yield True, _chunk(answer, {name: token} if is_chat else token, None, is_chat, logprobs)
    yield from _tool_calls(answer)
    if behaviour.ending == "half_event":
        yield False, b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"con'
        return
    if behaviour.ending == "no_finish":
        return
    reason = "tool_calls" if behaviour.tool_calls else answer.finish_reason
    yield False, _chunk(answer, {} if is_chat else "", reason, is_chat)
    if body.get("stream_options", {}).get("include_usage"):
        usage = answer.usage()
        if usage:
            yield False, _event({"id": "chatcmpl-1", "model": answer.model, "choices": [], "usage": usage})
    if behaviour.ending != "no_done":
        yield False, b"data: [DONE]\n\n"


def whole_answer(path: str, body: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """The answer to a request that does not ask for a stream."""
    behaviour = answer.behaviour
    if 0 <= behaviour.error_after <= len(answer.tokens):
        return {"error": behaviour.error}
    reasoning, content = answer.tokens[: answer.reasoning], answer.tokens[answer.reasoning :]
    choice: dict[str, Any] = {"index": 0, "finish_reason": answer.finish_reason, "logprobs": None}
    if body.get("logprobs"):
        items: list[dict[str, Any]] = [
            {"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []} for token in answer.tokens
        ]
        choice["logprobs"] = {"content": items}
    if "chat" in path:
        choice["message"] = {"role": "assistant", "content": "".join(content) or None}
        if reasoning:
            choice["message"]["reasoning_content"] = "".join(reasoning)
        if behaviour.tool_calls:
            choice["finish_reason"] = "tool_calls"
            choice["message"]["tool_calls"] = [
                {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for index, (name, arguments) in enumerate(behaviour.tool_calls)
            ]
    else:
        choice["text"] = "".join(answer.tokens)
    if behaviour.ending == "no_finish":
        choice["finish_reason"] = None
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": answer.model, "choices": [choice],
            "usage": answer.usage() or None}  # fmt: skip


def _tool_calls(answer: Answer) -> Iterator[tuple[bool, bytes]]:
    for index, (name, arguments) in enumerate(answer.behaviour.tool_calls):
        first = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
        yield True, _chunk(answer, {"tool_calls": [first]}, None, True)
        for half in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield True, _chunk(answer, {"tool_calls": [{"index": index, "function": {"arguments": half}}]}, None, True)


def _chunk(answer: Answer, content: Any, reason: str | None, is_chat: bool, logprobs: Any = None) -> bytes:
    choice = {"index": 0, "delta" if is_chat else "text": content, "logprobs": logprobs, "finish_reason": reason}
    kind = "chat.completion.chunk" if is_chat else "text_completion"
    return _event({"id": "chatcmpl-1", "object": kind, "created": 1, "model": answer.model, "choices": [choice]})


def _event(value: Any) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
