"""Whether a request is addressed to this bridge, and where it came from.

Routing looks at ``scope["path"]`` alone. The ``Host`` header only ever decides whether the request is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from covey.bridge.exchange import Scope
from covey.errors import InvalidRequest

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_NOT_PLAIN = re.compile(rb"%|//|/\.|\\")
_ACCEPTED_LIMIT = 1000


class Misdirected(InvalidRequest):
    """The request is addressed to a name that this bridge does not answer to."""

    http_status = 421


class HostRule:
    """The list of names a request may be addressed to; also when listening on all addresses."""

    def __init__(self, allowed_hosts: Sequence[str]) -> None:
        self._names = {name.lower().strip("[]") for name in (*LOOPBACK_NAMES, *allowed_hosts)}
        self._any = "*" in allowed_hosts
        self._accepted: set[tuple[bytes, str]] = set()

    def check(self, scope: Scope) -> None:
        """Raises InvalidRequest for a missing, double or malformed Host, Misdirected for a name that is not ours."""
        host = only_host(scope)
        server = scope.get("server") or ("", None)
        key = (host, server[0])
        if key in self._accepted:
            return
        match = _HOST.fullmatch(host)
        if match is None or int(match[3] or 0) > 65535:
            raise InvalidRequest("the Host header is malformed", param="host")
        name = (match[1] or match[2]).decode("ascii").lower()
        if not (self._any or name in self._names or _same_address(name, server[0])):
            raise Misdirected("this address is not served here; see the setting bridge.allowed_hosts", param="host")
        if len(self._accepted) < _ACCEPTED_LIMIT:
            self._accepted.add(key)


def only_host(scope: Scope) -> bytes:
    """Raises InvalidRequest unless there is exactly one Host header."""
    headers, by_name = scope["headers"], scope.get("covey.headers")
    if by_name is not None and len(by_name) == len(headers):  # none was sent twice
        host: bytes | None = by_name.get(b"host")
        if host is not None:
            return host
    hosts: list[bytes] = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        raise InvalidRequest("exactly one Host header is needed", param="host")
    return hosts[0]


class OriginRule:
    """Which web pages may call: this bridge's own, and those of the configured origins, compared exactly."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._allowed = frozenset(allowed_origins)

    def configured(self, origin: str) -> bool:
        return origin in self._allowed

    def permits(self, origin: str, host: bytes | None, scheme: str) -> bool:
        """Whether a page of ``origin`` may open a WebSocket to ``host`` (the request's own Host header)."""
        if origin in self._allowed:
            return True
        match = _ORIGIN.fullmatch(origin)
        if match is None or host is None:
            return False
        secure = scheme in ("https", "wss")
        own = host.decode("latin-1").lower()
        same_host = origin.partition("://")[2].lower()
        default = ":443" if match[1] == "https" else ":80"
        return (match[1] == "https") == secure and _without(own, default) == _without(same_host, default)


class ProxyRule:
    """Finds a client's address: the peer's, or what trusted proxies say about it."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(item, strict=False) for item in trusted_proxies]

    def client_address(self, scope: Scope, forwarded: bytes | None) -> str | None:
        client = scope.get("client")
        peer: str | None = client[0] if client else None
        if not self._trusted or forwarded is None or peer is None or not self._trusts(peer):
            return peer
        address = peer
        for entry in reversed(forwarded.decode("latin-1").split(",")):
            candidate = entry.strip()
            if not _is_address(candidate):
                return address
            address = candidate
            if not self._trusts(candidate):
                return candidate
        return address

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._trusted if network.version == parsed.version)


def check_path(path: str, raw_path: bytes) -> None:
    """Raises InvalidRequest for paths that two readers could understand differently."""
    if _NOT_PLAIN.search(raw_path) is None:
        if not path.startswith("/"):
            raise InvalidRequest("the path is malformed")
        return
    segments = path.split("/")[1:]
    if (
        not path.startswith("/")
        or "\ufffd" in path
        or "\\" in path
        or any(ord(character) < 32 or ord(character) == 127 for character in path)
        or any(segment.partition(";")[0] in (".", "..") for segment in segments)
        or "" in segments[:-1]
    ):
        raise InvalidRequest("the path is malformed")


def _same_address(name: str, server: str) -> bool:
    # A literal address cannot be rebound: a page that reaches us by it was served by us.
    return name == server.removeprefix("::ffff:") and _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _without(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)
