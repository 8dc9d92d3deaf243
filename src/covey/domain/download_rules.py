"""From where a model may be downloaded: which addresses a person may name, and which machines may be connected to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from covey.errors import InvalidRequest

LONGEST_URL = 2048
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class DownloadRules:
    allow_http: bool = False
    allow_private_addresses: bool = False

    def check_url(self, url: str) -> SplitResult:
        """The parts of an address that may be fetched. Raises InvalidRequest."""
        if len(url) > LONGEST_URL or not url.isascii() or any(ord(letter) <= 32 or letter == "\\" for letter in url):
            raise InvalidRequest("the address of the model is malformed", param="model")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidRequest("the address of the model is malformed", param="model") from error
        if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not self.allow_http):
            raise InvalidRequest("models are downloaded over https only", param="model")
        if not parts.hostname or "@" in parts.netloc or port == 0:
            raise InvalidRequest("the address of the model is malformed", param="model")
        return parts

    def allows_machine(self, address: str) -> bool:
        """Whether a resolved IP address may be connected to: public ones, unless private ones are allowed."""
        try:
            found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if self.allow_private_addresses:
            return not (found.is_multicast or found.is_unspecified)
        if isinstance(found, ipaddress.IPv6Address):
            if found.ipv4_mapped is not None:
                found = found.ipv4_mapped
            elif found.sixtofour is not None or found.teredo is not None or found in NAT64:
                return False
        return found.is_global and not found.is_multicast
