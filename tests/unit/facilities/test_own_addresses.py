from __future__ import annotations

import pytest

from covey.errors import BadSettings
from covey.facilities import own_addresses
from covey.facilities.own_addresses import addresses


def test_what_the_settings_advertise_comes_first_and_alone() -> None:
    assert addresses("0.0.0.0", 7422, ("mesh.example", "192.0.2.1:443", "::1")) == (
        "mesh.example:7422", "192.0.2.1:443", "[::1]:7422",
    )  # fmt: skip


def test_one_address_is_what_it_is() -> None:
    assert addresses("192.0.2.7", 7422, ()) == ("192.0.2.7:7422",)
    assert addresses("2001:db8::7", 7422, ()) == ("[2001:db8::7]:7422",)


def test_all_addresses_are_those_that_the_system_would_use(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"203.0.113.1": "192.0.2.9", "2001:db8::1": "2001:db8::9"}
    monkeypatch.setattr(own_addresses, "_source", lambda _, elsewhere: known.get(elsewhere))
    assert addresses("0.0.0.0", 1, ()) == ("192.0.2.9:1",)
    assert addresses("::", 1, ()) == ("192.0.2.9:1", "[2001:db8::9]:1")
    known.clear()
    assert addresses("0.0.0.0", 1, ()) == ("127.0.0.1:1",)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(BadSettings):
        addresses("0.0.0.0", 1, ("tls://x",))
