"""An answer put together from its pieces, for being stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from covey.protocol.inference import (
    ChatMessage,
    Delta,
    Failed,
    Finished,
    FunctionCall,
    GenerationEvent,
    ToolCall,
    Usage,
)


class AnswerBuilder:
    """Add every event; what has come so far can be read at any time."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.error_code: str | None = None
        self.reasoning_over = False
        """There was reasoning, and something that is no reasoning came after it."""

    def add(self, event: GenerationEvent) -> None:
        if isinstance(event, Delta):
            if event.text:
                self._text.append(event.text)
            if event.reasoning:
                self._reasoning.append(event.reasoning)
            for call in event.tool_calls:
                self._add_call(call)
            if self._reasoning and (event.text or event.tool_calls):
                self.reasoning_over = True
        elif isinstance(event, Finished):
            self.usage, self.finish_reason = event.usage, event.reason
        elif isinstance(event, Failed):
            self.usage, self.finish_reason, self.error_code = event.usage, "failed", event.code

    @property
    def empty(self) -> bool:
        return not (self._text or self._reasoning or self._calls)

    def message(self, before: ChatMessage | None = None) -> ChatMessage:
        """The answer so far; with ``before``, which it continues, both as one."""
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        if before is not None:
            text = (before.content if isinstance(before.content, str) else "") + text
            reasoning = (before.reasoning or "") + reasoning
        return ChatMessage(
            role="assistant",
            content=text,
            reasoning=reasoning or None,
            tool_calls=tuple(
                ToolCall(
                    id=call["id"],
                    type=call["type"] or "function",
                    function=FunctionCall(name=call["name"], arguments=call["arguments"]),
                )
                for _, call in sorted(self._calls.items())
            ),
        )

    def _add_call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index", 0)
        known = self._calls.setdefault(
            index if isinstance(index, int) else 0, {"id": "", "type": "", "name": "", "arguments": ""}
        )
        function = piece.get("function") or {}
        known["id"] = str(piece.get("id") or known["id"])
        known["type"] = str(piece.get("type") or known["type"])
        if isinstance(function, dict):
            known["name"] += str(function.get("name") or "")
            known["arguments"] += str(function.get("arguments") or "")


def compacted(events: Iterable[GenerationEvent]) -> Sequence[GenerationEvent]:
    """The same answer in as few events as possible: neighbouring pieces of plain text become one."""
    result: list[GenerationEvent] = []
    texts: list[str] = []
    tokens = 0
    for event in events:
        if isinstance(event, Delta) and not (event.reasoning or event.tool_calls or event.logprobs is not None):
            texts.append(event.text)
            tokens += event.tokens
            continue
        if texts:
            result.append(Delta(text="".join(texts), tokens=tokens))
            texts, tokens = [], 0
        result.append(event)
    if texts:
        result.append(Delta(text="".join(texts), tokens=tokens))
    return result
