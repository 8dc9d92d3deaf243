"""The forms of an Ollama server, after its source, for the fake backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from covey.testing.fake_backend import Answer

STREAM_TYPE = "application/x-ndjson"
_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "134.52M",
    "quantization_level": "Q4_1",
}
_DIGEST = "5" * 64
_AT = "2026-01-31T10:20:30.123456789Z"


def plain_answer(method: str, path: str, body: Any, models: tuple[str, ...]) -> tuple[int, Any] | None:
    """The answer of the routes that no knob touches."""
    route = (method, path)
    if route == ("GET", "/api/version"):
        return 200, {"version": "0.20.1"}
    if route == ("GET", "/"):
        return 200, b"Ollama is running"
    if route == ("GET", "/api/tags"):
        entry = {"modified_at": _AT, "size": 98_000_000, "digest": _DIGEST, "details": _DETAILS}
        return 200, {"models": [{"name": name, "model": name, **entry} for name in models]}
    if route == ("GET", "/api/ps"):
        entry = {"size": 200_000_000, "digest": _DIGEST, "details": _DETAILS, "expires_at": _AT, "size_vram": 0}
        return 200, {"models": [{"name": name, "model": name, **entry, "context_length": 4096} for name in models[:1]]}
    if route == ("POST", "/api/show"):
        if body["model"] not in models:
            return 404, not_found(body["model"])
        return 200, {
            "license": "Apache-2.0",
            "template": "{{ .Prompt }}",
            "parameters": 'stop                           "<|im_end|>"\ntemperature                    0.2',
            "details": _DETAILS,
            "model_info": {
                "general.architecture": "llama",
                "llama.context_length": 8192,
                "tokenizer.ggml.tokens": None,
            },
            "capabilities": ["completion", "embedding", "tools", "thinking", "vision"],
            "modified_at": _AT,
        }
    if route == ("DELETE", "/api/delete"):
        return (200, b"") if body["model"] in models else (404, not_found(body["model"]))
    return None


def error_body(status: int, error: Any) -> dict[str, Any]:
    return {"error": error}


def not_found(model: str) -> dict[str, Any]:
    return {"error": f"model '{model}' not found"}


def limit_of(body: dict[str, Any]) -> int | None:
    limit: int | None = (body.get("options") or {}).get("num_predict")
    return limit


def embeddings(model: str, vectors: list[list[float]], texts: list[str]) -> dict[str, Any]:
    return {
        "model": model,
        "embeddings": vectors,
        "total_duration": 14_143_917,
        "load_duration": 1_019_500,
        "prompt_eval_count": sum(max(1, len(text) // 4) for text in texts),
    }


def events(path: str, body: dict[str, Any], answer: Answer) -> Iterator[tuple[bool, bytes]]:
    """Every line of a stream, with whether it is a token."""
    if path == "/api/pull":
        yield from _pull(answer)
        return
    behaviour = answer.behaviour
    is_chat = path == "/api/chat"
    for position, token in enumerate(answer.tokens):
        if position == behaviour.error_after:
            yield False, _line({"error": behaviour.error})
            return
        thinking = position < answer.reasoning
        yield True, _line(_piece(answer, is_chat, "" if thinking else token, token if thinking else ""))
    for index, (name, arguments) in enumerate(behaviour.tool_calls):
        call = {"function": {"index": index, "name": name, "arguments": msgspec.json.decode(arguments)}}
        yield True, _line(_piece(answer, is_chat, "", "", [call]))
    if behaviour.ending == "half_event":
        yield False, b'{"model":"sample","created_at":"2026-01-31T10:2'
        return
    if behaviour.ending in ("no_finish", "no_done"):
        return
    usage = answer.usage()
    last = {
        **_piece(answer, is_chat, "", ""),
        "done": True,
        "done_reason": answer.finish_reason,
        "total_duration": 5_000_000_000,
        "load_duration": 1_500_000_000,
        "prompt_eval_count": usage.get("prompt_tokens"),
        "prompt_eval_duration": 250_000_000,
        "eval_count": usage.get("completion_tokens"),
        "eval_duration": 750_000_000,
    }
    yield False, _line({name: value for name, value in last.items() if value is not None})


def _piece(answer: Answer, is_chat: bool, text: str, thinking: str, calls: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"model": answer.model, "created_at": _AT, "done": False}
    extra = ({"thinking": thinking} if thinking else {}) | ({"tool_calls": calls} if calls else {})
    if is_chat:
        return found | {"message": {"role": "assistant", "content": text} | extra}
    return found | {"response": text} | extra


def _pull(answer: Answer) -> Iterator[tuple[bool, bytes]]:
    yield False, _line({"status": "pulling manifest"})
    if answer.behaviour.error_after >= 0:
        yield False, _line({"error": answer.behaviour.error})
        return
    part = {"status": f"pulling {_DIGEST[:12]}", "digest": f"sha256:{_DIGEST}", "total": 1000}
    yield False, _line(part)
    for completed in (400, 1000):
        yield False, _line(part | {"completed": completed})
    for status in ("verifying sha256 digest", "writing manifest", "success")[
        : 3 if answer.behaviour.ending == "whole" else 2
    ]:
        yield False, _line({"status": status})


def _line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"
