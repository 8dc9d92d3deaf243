"""Where answers to this process arrive: one subscription, sorted by token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc.carrier import Carrier, CarrierSubscription

SECRET_CHARACTERS = 16
Answer = Callable[[bytes, Mapping[str, str]], None]


class Inbox:
    """Tokens are a secret of this process and a running number: nobody who was not asked can guess where to answer,
    and those who are asked can tell a repeated request from a new one."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.owner = carrier.inbox_prefix.rpartition(".")[2]
        """The instance of this process, as others are told it."""
        self.secret = secrets.token_hex(SECRET_CHARACTERS // 2)
        self._number = 0
        self._waiting: dict[str, tuple[Answer, str]] = {}
        self._subscription: CarrierSubscription | None = None

    async def start(self) -> None:
        if self._subscription is None:
            self._subscription = await self._carrier.subscribe(f"{self._carrier.inbox_prefix}.>", self._receive)

    async def stop(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.close()

    def open(self, answer: Answer, service: str, asked: InstanceId | None = None) -> str:
        """A fresh token; what the ``service`` sends for it goes to ``answer`` until it is closed. Each service may
        answer below its own name only, an instance with a scope below that, and nobody else is heard there."""
        self._number += 1
        token = f"{self.secret}{self._number:x}"
        scope = None if asked is None else subjects.scope_of(asked)
        among = service if scope is None else f"{service}.{scope}"
        self._waiting[token] = (answer, f"{self._carrier.inbox_prefix}.{among}.{token}")
        return token

    def address(self, token: str) -> str:
        """Where an open token is answered."""
        return self._waiting[token][1]

    def close(self, token: str) -> None:
        self._waiting.pop(token, None)

    def _receive(self, subject: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
        waiting = self._waiting.get(subject.rpartition(".")[2])
        # Or else it came too late, and nobody wants it any more; or from somebody who was not asked.
        if waiting is not None and waiting[1] == subject:
            waiting[0](payload, headers)


def sender_of(reply: str, below: str) -> tuple[str, str, int] | None:
    """Who asks for an answer at ``reply``: the caller, the token, and the running number; None when it is no inbox, or
    not the place in it, ``below``, where the one who was asked may answer."""
    prefix, _, token = reply.rpartition(".")
    if not prefix.startswith("_INBOX_") or not prefix.endswith(f".{below}"):
        return None
    try:
        number = int(token[SECRET_CHARACTERS:], 16)
    except ValueError:
        return None
    return f"{prefix}.{token[:SECRET_CHARACTERS]}", token, number
