"""One answer, printed while it is made: what ``run`` and ``chat`` share."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from covey.cli.api import Api
from covey.cli.loading_line import loading_line
from covey.cli.output import talk


@dataclass
class Answer:
    """An answer and what it took."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    pieces: int = 0
    """Pieces of text that came: about the tokens of an answer that was stopped before its count."""
    first_token_s: float | None = None
    duration_s: float = 0.0
    interrupted: bool = False

    def statistics(self) -> str:
        tokens = self.usage.get("completion_tokens", self.pieces)
        spent = max(self.duration_s - (self.first_token_s or 0.0), 1e-6)
        first = f"{self.first_token_s:.2f} s" if self.first_token_s is not None else "-"
        return (
            f"{tokens} tokens, {tokens / spent:.1f} tokens/s, first after {first}, "
            f"{self.usage.get('prompt_tokens', 0)} prompt tokens"
        )


def generate(api: Api, body: dict[str, Any], write: Callable[[str], None]) -> Answer:
    """Stream a chat completion; ``write`` gets each piece of text. Ctrl-C stops the generation and keeps what came."""
    answer = Answer()
    began = time.perf_counter()
    body = {**body, "stream": True, "stream_options": {"include_usage": True}}
    events = api.stream("POST", "/v1/chat/completions", body)
    try:
        with loading_line(api, body["model"]) as clear:
            for event in events:
                clear()
                if event.get("usage"):
                    answer.usage = event["usage"]
                for choice in event.get("choices", ()):
                    delta = choice.get("delta") or {}
                    answer.reasoning += delta.get("reasoning_content") or ""
                    if piece := delta.get("content"):
                        if answer.first_token_s is None:
                            answer.first_token_s = time.perf_counter() - began
                        answer.text += piece
                        answer.pieces += 1
                        write(piece)
                    answer.finish_reason = choice.get("finish_reason") or answer.finish_reason
    except KeyboardInterrupt:
        answer.interrupted = True
    finally:
        events.close()  # type: ignore[attr-defined]  # a generator: closing it drops the connection, which stops the engine
    answer.duration_s = time.perf_counter() - began
    return answer


def printable(text: str) -> str:
    """Model output with control characters made visible, so that it cannot steer the terminal."""
    return "".join(
        character if character in "\n\t" or (character.isprintable() or ord(character) > 0x9F) else "�"
        for character in text
    )


def write_to_stdout(piece: str) -> None:
    sys.stdout.write(printable(piece))
    sys.stdout.flush()


def parse_parameter(text: str) -> tuple[str, Any]:
    """``temperature=0.2`` → its name and value; numbers, true, false and JSON are read as such."""
    import json

    name, separator, value = text.partition("=")
    if not separator or not name:
        raise ValueError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def tell_statistics(answer: Answer) -> None:
    talk(answer.statistics())
