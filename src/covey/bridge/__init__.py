"""The bridge server: HTTP, server-sent events, newline-delimited JSON and WebSocket; no decisions of its own."""

from covey.bridge.config import BridgeConfig, TlsConfig, WebSocketConfig
from covey.bridge.worker import Bridge

__all__ = ["Bridge", "BridgeConfig", "TlsConfig", "WebSocketConfig"]
