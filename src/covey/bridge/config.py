"""The bridge's settings."""

from __future__ import annotations

from typing import Literal

import msgspec

from covey.quantities import NonNegativeInt, Port, PositiveInt, PositiveSeconds, Seconds


class WebSocketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The WebSocket of the web interface: sizes, times and numbers."""

    hello_timeout_s: PositiveSeconds = 5.0
    """How long a new socket may take to send its credential; then it is closed with 1008."""
    max_frame_bytes: PositiveInt = 1_048_576
    """Largest message of a client; a larger one closes the socket with 1009."""
    max_requests: PositiveInt = 16
    """How many generations one socket may start or follow at the same time."""
    max_sockets: PositiveInt = 2000
    """How many sockets one bridge holds; further ones are refused with 503."""
    ping_interval_s: PositiveSeconds = 20.0
    """How often an open socket is pinged; one that does not answer within as long again is closed."""


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the bridge speaks HTTPS itself."""

    certificate_path: str = ""
    """PEM file with the certificate and its chain; empty: plain HTTP."""
    key_path: str = ""
    """PEM file with the private key; empty: it is in the certificate's file."""


class BridgeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the bridge listens, whom it lets in, and how much of anything it takes."""

    host: str = "127.0.0.1"
    """Address to listen on; ``0.0.0.0`` or ``::`` for all."""
    port: Port = 8080
    """Port to listen on; 0 picks a free one."""
    reuse_port: bool = False
    """Let several bridge processes listen on the same port; the kernel spreads connections over them."""
    backlog: PositiveInt = 2048
    """How many connections the kernel keeps waiting to be accepted."""
    tls: TlsConfig = TlsConfig()
    """Certificate and key, for HTTPS without a proxy in front."""

    allowed_hosts: tuple[str, ...] = ()
    """Names and addresses, without port, that requests may be addressed to, besides the loopback names and the literal
    address that a connection arrived at; ``*`` allows all. Protects people's browsers against DNS rebinding."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins, for example ``https://chat.example.org``, whose pages may call the API; compared exactly. Pages of
    this bridge itself always may."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose ``X-Forwarded-For`` is believed; from others the header is ignored."""

    max_body_bytes: PositiveInt = 33_554_432
    """Largest request body; a larger one is answered 413."""
    max_header_bytes: PositiveInt = 32_768
    """Largest request line and headers together; larger ones are answered 431."""
    max_headers: PositiveInt = 100
    """Most request headers; more are answered 431."""
    max_connections: PositiveInt = 10_000
    """How many connections one bridge holds; further ones are answered 503 and closed."""

    header_timeout_s: PositiveSeconds = 10.0
    """How long the headers of a request may take to arrive."""
    body_timeout_s: PositiveSeconds = 30.0
    """How long a request body may take to arrive, besides the time that its bytes take at ``body_rate_bytes_per_s``."""
    body_rate_bytes_per_s: PositiveInt = 65_536
    """The slowest upload of a large body that is waited for."""
    keep_alive_timeout_s: Seconds = 75.0
    """How long an idle connection is kept for the next request."""
    slow_client_timeout_s: PositiveSeconds = 15.0
    """How long a client may leave an answer unread once its buffer is full; then its request is cancelled."""
    write_buffer_bytes: NonNegativeInt = 131_072
    """How much of an answer is buffered for a client that reads slowly, before the sender has to wait."""
    socket_buffer_bytes: NonNegativeInt = 131_072
    """The kernel's send buffer of each connection; 0 leaves it to the kernel."""

    generation_timeout_s: PositiveSeconds = 600.0
    """Longest generation that a connection waits for."""
    stream_start_s: Seconds = 5.0
    """How long a streamed answer waits for its first event before it starts with comments; errors after that can no
    longer change the HTTP status."""
    ping_interval_s: PositiveSeconds = 15.0
    """Silence on a stream after which a comment is sent, so that proxies keep the connection."""
    web_directory: str = ""
    """Directory of the built web interface; empty: the one that is packed with Covey, if it is."""
    access_log: Literal["all", "errors", "none"] = "errors"
    """Which requests get a line in the log: all, those that failed, or none. Metrics and usage count all
    in any case."""
    websocket: WebSocketConfig = WebSocketConfig()
    """Limits of the WebSocket."""
