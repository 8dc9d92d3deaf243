"""Requests to the bridge's application without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from covey.bridge.exchange import Exchange, Scope
from covey.protocol.ids import RequestId


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http_scope(method: str, path: str, headers: dict[str, str] | None = None, query: str = "") -> dict[str, Any]:
    sent = {"host": "localhost"} | {name.lower(): value for name, value in (headers or {}).items()}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("192.0.2.1", 5000),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
    }


class Sent:
    """What an application sent."""

    def __init__(self, body: bytes = b"", *, pieces: int = 1) -> None:
        size = max(1, -(-len(body) // pieces))
        self._parts = [body[start : start + size] for start in range(0, max(1, len(body)), size)]
        self.messages: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        if not self._parts:
            return {"type": "http.disconnect"}
        part = self._parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self._parts)}

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def answer(self) -> Answer:
        start, *rest = self.messages
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


async def ask(
    application: Any,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: Any = b"",
    *,
    query: str = "",
) -> Answer:
    """One request; ``body`` that is no bytes is sent as JSON."""
    sent = dict(headers or {})
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("content-type", "application/json")
    wire = Sent(body)
    await application(http_scope(method, path, sent, query), wire.receive, wire.send)
    return wire.answer


def exchange_for(wire: Sent, scope: Scope | None = None, max_body_bytes: int = 1000) -> Exchange:
    return Exchange.of(scope or http_scope("POST", "/"), wire.receive, wire.send, RequestId("req_1"), max_body_bytes)
