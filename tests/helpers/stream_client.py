"""A client without a socket: answers what a test wrote down, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

Callback = Callable[[Msg], Awaitable[None]]


def message(data: bytes = b"", reply: str = "", headers: Mapping[str, str] | None = None, subject: str = "s") -> Msg:
    named = dict(headers) if headers else None
    return Msg(_client=cast("Client", None), subject=subject, reply=reply, data=data, headers=named)


class Subscription:
    def __init__(self) -> None:
        self.open = True

    async def unsubscribe(self) -> None:
        self.open = False


class ScriptedClient:
    """Each request takes the next answer: bytes to reply, an exception to raise; the last one stays."""

    max_payload = 1_048_576
    is_closed = False

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bytes, Any]] = []
        self.told: list[str] = []
        self.is_connected = True
        self.subscriptions: list[Subscription] = []
        self.callback: Callback | None = None

    async def request(self, subject: str, payload: bytes, *, timeout: float, headers: Any) -> Msg:
        self.asked.append((subject, payload, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return message(answer)

    async def publish(self, subject: str, payload: bytes = b"", reply: str = "", headers: Any = None) -> None:
        if not self.is_connected:
            raise nats.errors.ConnectionClosedError
        self.told.append(subject)

    async def subscribe(self, subject: str, *, cb: Callback, **_: int) -> Subscription:
        self.callback = cb
        self.subscriptions.append(Subscription())
        return self.subscriptions[-1]

    def new_inbox(self) -> str:
        return "_INBOX.test"


class ScriptedConnection:
    def __init__(self, client: ScriptedClient) -> None:
        self.scripted = client

    @property
    def client(self) -> Client:
        return cast("Client", self.scripted)
