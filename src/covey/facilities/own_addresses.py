"""Under which addresses other machines are likely to reach this one."""

from __future__ import annotations

import socket

from covey.facilities.nats_configuration import host_and_port, shown_address

ELSEWHERE = ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of nobody's. They are never sent anything: the system is asked from where it would."""


def addresses(host: str, port: int, advertised: tuple[str, ...]) -> tuple[str, ...]:
    """``host:port`` each: the advertised ones, or the address that is listened on, or what this machine calls itself
    where it listens on all. Raises BadSettings when an advertised one is none."""
    if advertised:
        found = [host_and_port(text) for text in advertised]
        return tuple(shown_address(name, given or port) for name, given in found)
    if host not in ("0.0.0.0", "::"):
        return (shown_address(host, port),)
    families = ELSEWHERE[:1] if host == "0.0.0.0" else ELSEWHERE
    seen = [address for family, elsewhere in families if (address := _source(family, elsewhere)) is not None]
    return tuple(shown_address(address, port) for address in seen) or (shown_address("127.0.0.1", port),)


def _source(family: socket.AddressFamily, elsewhere: str) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((elsewhere, 9))
            return str(asked.getsockname()[0])
    except OSError:
        return None
