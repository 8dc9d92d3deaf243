from __future__ import annotations

import pytest

from covey.bridge.credentials import find_credential, require_credential
from covey.errors import InvalidRequest, Unauthenticated
from tests.helpers.asgi import Sent, exchange_for, http_scope


def found(**headers: str) -> str | None:
    scope = http_scope("GET", "/", {name.replace("_", "-"): value for name, value in headers.items()})
    return find_credential(exchange_for(Sent(), scope))


def test_either_header_is_read() -> None:
    assert found(authorization="Bearer sk-1") == "sk-1"
    assert found(authorization="bearer  sk-1 ") == "sk-1"
    assert found(x_api_key="sk-2") == "sk-2"
    assert found() is None


def test_both_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        found(authorization="Bearer sk-1", x_api_key="sk-1")


@pytest.mark.parametrize("value", ["Basic x", "Bearer", "Bearer a b", "Bearer é", "Bearer " + "x" * 8193])
def test_malformed_ones_are_unauthenticated(value: str) -> None:
    with pytest.raises(Unauthenticated):
        found(authorization=value)


def test_none_is_unauthenticated_where_one_is_needed() -> None:
    with pytest.raises(Unauthenticated):
        require_credential(exchange_for(Sent()))
