"""What travels with every call besides its message."""

from __future__ import annotations

import msgspec

from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, RequestId


class CallContext(msgspec.Struct, frozen=True, kw_only=True):
    """One request's facts, handed from hop to hop; ``msgspec.structs.replace`` makes a changed copy.

    On the wire each field is a header, and the deadline is sent as the milliseconds that remain.
    """

    request_id: RequestId
    deadline: float | None = None
    """When the caller stops waiting, on this process's event loop clock (``loop.time()``), in seconds; None: never."""
    identity: Identity | None = None
    """On whose behalf. Set by the gateway after it verified a credential; nobody else may set it."""
    caller: InstanceId | None = None
    """The process that made the call, when that was another one."""
    idempotency_key: str | None = None
    traceparent: str | None = None
    """W3C trace context, passed on unread."""
    client_address: str | None = None
    """The network address of the person's client as the bridge saw it; used for throttling only, never a grant."""

    def remaining_s(self, now: float) -> float | None:
        """Seconds left at loop time ``now``; negative when the deadline has passed, None when there is none."""
        return None if self.deadline is None else self.deadline - now
