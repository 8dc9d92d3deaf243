from __future__ import annotations

import pytest

from covey.bridge.addressing import HostRule, Misdirected, OriginRule, ProxyRule, check_path
from covey.errors import InvalidRequest
from tests.helpers.asgi import http_scope


def test_the_address_a_connection_arrived_at_is_a_good_host() -> None:
    scope = http_scope("GET", "/", {"host": "192.0.2.7:8080"}) | {"server": ("192.0.2.7", 8080)}
    HostRule(()).check(scope)
    with pytest.raises(Misdirected):
        HostRule(()).check(scope | {"server": ("192.0.2.8", 8080)})


def test_an_accepted_host_is_remembered_for_its_own_address_only() -> None:
    rule = HostRule(())
    scope = http_scope("GET", "/", {"host": "192.0.2.7"})
    rule.check(scope | {"server": ("192.0.2.7", 1)})
    with pytest.raises(Misdirected):
        rule.check(scope | {"server": ("127.0.0.1", 1)})


def test_a_star_allows_every_well_formed_host() -> None:
    rule = HostRule(("*",))
    rule.check(http_scope("GET", "/", {"host": "anything.example"}))
    with pytest.raises(InvalidRequest):
        rule.check(http_scope("GET", "/", {"host": "any/thing"}))


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "permitted"),
    [
        ("http://localhost:8080", b"localhost:8080", "ws", True),
        ("http://localhost", b"localhost:80", "ws", True),
        ("https://covey.example", b"covey.example", "wss", True),
        ("https://covey.example", b"covey.example", "ws", False),
        ("http://covey.example:81", b"covey.example", "ws", False),
        ("https://listed.example", b"covey.example", "ws", True),
        ("null", b"covey.example", "ws", False),
        ("http://covey.example", None, "ws", False),
    ],
)
def test_origins_are_own_or_listed(origin: str, host: bytes | None, scheme: str, permitted: bool) -> None:
    assert OriginRule(("https://listed.example",)).permits(origin, host, scheme) is permitted


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", b"198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", b"198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", b"1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", b"198.51.100.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", b"10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_forwarded_addresses_count_when_the_peer_is_trusted(peer: str, forwarded: bytes | None, expected: str) -> None:
    scope = http_scope("GET", "/") | {"client": (peer, 1)}
    assert ProxyRule(("10.0.0.0/8",)).client_address(scope, forwarded) == expected


@pytest.mark.parametrize("path", ["/", "/v1/models/org/tiny:latest", "/a b", "/ä", "/a..b", "/.well-known/x"])
def test_plain_paths_pass(path: str) -> None:
    check_path(path, b"/%" + path.encode())


@pytest.mark.parametrize("path", ["", "a", "/../a", "/a/..", "/a/./b", "/a//b", "/a\\b", "/a\x00", "/..;/a", "/\ufffd"])
def test_ambiguous_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        check_path(path, b"/%" + path.encode())
