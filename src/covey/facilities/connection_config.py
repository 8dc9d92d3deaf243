"""Settings of the connection to the mesh."""

from __future__ import annotations

import msgspec

from covey.quantities import PositiveSeconds, Seconds


class NatsConnectionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the nats-servers are, who we are to them, and how long we wait."""

    urls: tuple[str, ...] = ()
    """Servers to dial, in random order: ``tls://host:port``, or ``nats://host:port`` for this machine alone; empty:
    what ``mesh.url`` names, or the node's own."""
    seed_file: str | None = None
    """The nkey seed that proves our role, readable by the owner only; none: the servers ask for no identity."""
    ca_file: str | None = None
    """The authority that has to have signed the servers' certificates; needed for ``tls://``."""
    server_name: str | None = None
    """The name that has to be in the servers' certificates; none: the host of the address that was dialled."""
    certificate_file: str | None = None
    """Our own certificate, when the servers ask for one."""
    key_file: str | None = None
    """The private key of ``certificate_file``."""
    allow_plaintext: bool = False
    """Whether ``nats://`` may lead to another machine. Everything, prompts too, can then be read on the way."""
    start_timeout_s: PositiveSeconds = 15.0
    """Longest wait for the first connection; then the start fails."""
    dial_timeout_s: PositiveSeconds = 2.0
    """Longest wait for one server to take a connection; then the next one is tried."""
    ping_interval_s: PositiveSeconds = 1.0
    """How often the server is asked for a sign of life. After two unanswered pings another server is tried."""
    reconnect_wait_s: Seconds = 0.2
    """Pause before the same server is dialled again."""
    stuck_after_s: PositiveSeconds = 1.0
    """How long the old connection may take to close before it is torn down: a frozen server never answers that."""
