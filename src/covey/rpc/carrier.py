"""What carries bytes between processes, as the bus sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Receive = Callable[[str, bytes, Mapping[str, str], str], None]
"""Gets subject, payload, headers and the subject to answer to (or ""). It hands over and returns; it does no work."""

HEADER_STATUS = "Status"
STATUS_NOBODY = "503"
"""The status that answers a message with a reply subject when nobody listens where it was sent."""


class CarrierSubscription(Protocol):
    async def close(self) -> None:
        """Stop listening. What was on its way is still handed over before this returns. Safe twice."""


class Carrier(Protocol):
    """Messages by subject, at most once, in order from one sender to one listener as long as nothing is lost."""

    @property
    def inbox_prefix(self) -> str:
        """Below this, answers to this process and nobody else arrive."""

    @property
    def connected(self) -> bool: ...

    @property
    def server(self) -> str | None:
        """The server at the other end of the connection, ``host:port``; None: not connected, or there is none."""

    @property
    def max_payload_bytes(self) -> int:
        """The largest payload that passes with headers of up to 4 kB."""

    def publish(
        self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        """Send, without waiting. Raises PeerUnavailable when not connected: nothing is kept for later. Raises
        PayloadTooLarge when payload and headers together are over the limit."""

    async def subscribe(self, subject: str, receive: Receive, *, queue: str = "") -> CarrierSubscription:
        """Hear a subject, in which ``*`` stands for one token and a last ``>`` for all that follow. Members of one
        queue share: each message reaches one of them."""

    async def flush(self) -> None:
        """Return when everything sent so far has been taken over. Raises PeerUnavailable."""

    def on_loss(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called when messages for this process were dropped."""

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have ``callback`` awaited after a connection that was lost is back."""
