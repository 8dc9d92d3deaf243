"""D1: where a model may come from."""

from __future__ import annotations

import pytest

from covey.domain.download_rules import DownloadRules
from covey.errors import InvalidRequest


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.gguf", "file:///etc/passwd", "gopher://x/", "ftp://x/a", "//x/a", "x", "",
        "https://user@example.com/a", "https://user:password@example.com/a", "https:///a", "https://exa mple.com/",
        "https://example.com\\@evil.example/", "https://example.com/\ta", "https://exämple.com/", "https://x:0/",
        "https://x:99999/", "https://[::1", "https://x/" + "a" * 3000, "https://x/\r\nHost: y", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_d1_only_plain_https_addresses_are_fetched(url: str) -> None:
    with pytest.raises(InvalidRequest):
        DownloadRules().check_url(url)


def test_plain_addresses_pass() -> None:
    assert DownloadRules().check_url("https://example.com:8443/a?b=c").hostname == "example.com"
    assert DownloadRules(allow_http=True).check_url("http://example.com/a").scheme == "http"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "ff02::1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:1::1", "192.0.2.1", "198.18.0.1", "nonsense",
    ],
)  # fmt: skip
def test_d1_private_and_special_machines_are_not_connected_to(address: str) -> None:
    assert not DownloadRules().allows_machine(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_public_machines_are(address: str) -> None:
    assert DownloadRules().allows_machine(address)


def test_private_machines_are_when_the_settings_say_so() -> None:
    rules = DownloadRules(allow_private_addresses=True)
    assert rules.allows_machine("127.0.0.1")
    assert rules.allows_machine("fc00::1")
    assert not rules.allows_machine("0.0.0.0")
