"""Connections for downloads: to the very machine that was checked, with the certificate of the name asked for."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError

from covey.domain.download_rules import DownloadRules
from covey.errors import BackendProtocolError, BackendUnavailable, InvalidRequest

MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
USER_AGENT = "covey"


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose body has not been read, and the pool to close after it."""

    response: urllib3.BaseHTTPResponse
    pool: urllib3.HTTPConnectionPool
    declared_sha256: str | None
    """What the hub says the file hashes to, if it says so."""

    def close(self) -> None:
        self.response.close()
        self.pool.close()


class Connector:
    """Opens addresses under the rules. Blocks; never sends a credential, so redirects cannot leak one."""

    def __init__(
        self,
        rules: DownloadRules,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
        self._tls = tls or ssl.create_default_context()

    def open(self, url: str, headers: dict[str, str]) -> Opened:
        """Follow redirects, each checked like the first address. Raises InvalidRequest, BackendUnavailable."""
        declared: str | None = None
        for _ in range(MOST_REDIRECTS + 1):
            opened = self._open_one(url, headers, declared)
            declared = opened.declared_sha256
            location = opened.response.headers.get("Location")
            if opened.response.status not in REDIRECTS or location is None:
                return opened
            opened.close()
            url = urljoin(url, location)
        raise BackendProtocolError("the server of the model redirects too often")

    def _open_one(self, url: str, headers: dict[str, str], declared: str | None) -> Opened:
        parts = self._rules.check_url(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        machine = self._machine(host, port)
        pool = self._pool(parts.scheme, machine, port, host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {**headers, "Host": parts.netloc, "User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        try:
            response = pool.urlopen(
                "GET", target, headers=sent, preload_content=False, redirect=False, retries=False,
                assert_same_host=False, decode_content=False,
            )  # fmt: skip
        except (HTTPError, OSError) as error:
            pool.close()
            raise BackendUnavailable("the server of the model cannot be reached") from error
        return Opened(response, pool, declared or declared_sha256(response))

    def _machine(self, host: str, port: int) -> str:
        """The first address of the host that may be connected to. Raises InvalidRequest, BackendUnavailable."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise BackendUnavailable("the server of the model cannot be found") from error
        for *_, address in found:
            if self._rules.allows_machine(str(address[0])):
                return str(address[0])
        raise InvalidRequest("models may not be downloaded from private addresses", param="model")

    def _pool(self, scheme: str, machine: str, port: int, host: str) -> urllib3.HTTPConnectionPool:
        if scheme == "http":
            return urllib3.HTTPConnectionPool(machine, port, timeout=self._timeout, retries=False)
        return urllib3.HTTPSConnectionPool(
            machine, port, timeout=self._timeout, retries=False, ssl_context=self._tls, server_hostname=host,
            assert_hostname=host,
        )  # fmt: skip


def declared_sha256(response: urllib3.BaseHTTPResponse) -> str | None:
    """Hubs that store large files by content give the digest as the entity tag, often only before a redirect."""
    for name in ("X-Linked-Etag", "ETag"):
        tag = response.headers.get(name, "").removeprefix("W/").strip('"').lower()
        if len(tag) == 64 and all(letter in "0123456789abcdef" for letter in tag):
            return tag
    return None
