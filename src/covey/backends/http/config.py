"""Time-outs and limits of the way to an engine."""

from __future__ import annotations

import msgspec

from covey.quantities import NonNegativeInt, PositiveInt, PositiveSeconds, Seconds


class HttpConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait for an engine and how much to take from it."""

    connect_timeout_s: PositiveSeconds = 5.0
    """Longest time to connect, name lookup and TLS included; then the engine counts as unavailable."""
    first_byte_timeout_s: PositiveSeconds = 300.0
    """Longest wait for the first byte of an answer's body. Loading a model and reading a long prompt fall into it."""
    idle_timeout_s: PositiveSeconds = 60.0
    """Longest silence once the body has begun; then the generation fails."""
    read_interval_s: Seconds = 0.04
    """A streamed answer is read at most this often once it has begun; what arrives closer together travels as one
    piece. 0: read as it comes."""
    whole_answer_timeout_s: PositiveSeconds = 900.0
    """Longest wait for an answer that is generated as a whole, because nobody asked for a stream."""
    keep_alive_s: Seconds = 30.0
    """How long an unused connection is kept."""
    max_idle_connections: NonNegativeInt = 256
    """Unused connections that are kept at most; 0: none is."""
    max_head_bytes: PositiveInt = 65_536
    """Size of the status line and all headers of an answer; a larger one breaks the protocol."""
    max_body_bytes: PositiveInt = 67_108_864
    """Size of an answer that is read as a whole; a larger one breaks the protocol."""
    ca_file: str = ""
    """PEM file with the authorities that may have signed the engine's certificate; empty: those of the system."""
