"""Where answers to this process arrive: one subscription, sorted by token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from covey.rpc.carrier import Carrier, CarrierSubscription

SECRET_CHARACTERS = 16
Answer = Callable[[bytes, Mapping[str, str]], None]


class Inbox:
    """Tokens are a secret of this process and a running number: nobody who was not asked can guess where to answer,
    and those who are asked can tell a repeated request from a new one."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.secret = secrets.token_hex(SECRET_CHARACTERS // 2)
        self._number = 0
        self._waiting: dict[str, Answer] = {}
        self._subscription: CarrierSubscription | None = None

    async def start(self) -> None:
        if self._subscription is None:
            self._subscription = await self._carrier.subscribe(f"{self._carrier.inbox_prefix}.*", self._receive)

    async def stop(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.close()

    def open(self, answer: Answer) -> str:
        """A fresh token; whatever arrives for it goes to ``answer`` until it is closed."""
        self._number += 1
        token = f"{self.secret}{self._number:x}"
        self._waiting[token] = answer
        return token

    def address(self, token: str) -> str:
        return f"{self._carrier.inbox_prefix}.{token}"

    def close(self, token: str) -> None:
        self._waiting.pop(token, None)

    def _receive(self, subject: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
        answer = self._waiting.get(subject.rpartition(".")[2])
        if answer is not None:  # or else it came too late, and nobody wants it any more
            answer(payload, headers)


def sender_of(reply: str) -> tuple[str, str, int] | None:
    """Who asks for an answer at ``reply``: the caller, the token, and the running number; None when it is not ours."""
    prefix, _, token = reply.rpartition(".")
    try:
        number = int(token[SECRET_CHARACTERS:], 16)
    except ValueError:
        return None
    return f"{prefix}.{token[:SECRET_CHARACTERS]}", token, number
