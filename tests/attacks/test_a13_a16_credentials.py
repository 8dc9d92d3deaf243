"""A13 and A16: credentials in places where they do not belong, and more than one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client import generate_latest

from tests.helpers.bridges import RunningBridge, running_bridge
from tests.helpers.client_worker import KEY
from tests.helpers.http import exchange

PATHS = ("/v1/models", "/covey/v1/me")


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge(access_log="all") as running:
        yield running


async def get(bridge: RunningBridge, path: str, *headers: tuple[str, str]) -> tuple[int, bytes]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    data = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n".encode("latin-1")
    ((status, _, body),) = await exchange(bridge.port, data)
    return status, body


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "token", "authorization", "x-api-key"])
async def test_a13_a_key_in_the_address_opens_nothing_and_is_repeated_nowhere(
    bridge: RunningBridge, name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for path in PATHS:
        status, body = await get(bridge, f"{path}?{name}={KEY}")
        assert status in (401, 422)
        assert KEY.encode() not in body
    output = capsys.readouterr()
    assert "request_id" in output.out + output.err + caplog.text
    assert KEY not in output.out + output.err + caplog.text
    assert KEY.encode() not in generate_latest(bridge.registry)


@pytest.mark.parametrize("path", PATHS)
async def test_a16_two_credentials_are_refused_in_every_combination(bridge: RunningBridge, path: str) -> None:
    bearer, key = ("Authorization", f"Bearer {KEY}"), ("X-Api-Key", KEY)
    other = ("Authorization", "Bearer sk-other")
    for headers in (
        (bearer, key),
        (key, bearer),
        (bearer, other),
        (bearer, bearer),
        (key, key),
        (other, key),
        (key, ("X-Api-Key", "sk-other")),
    ):
        status, _ = await get(bridge, path, *headers)
        assert status == 400, headers
    assert bridge.worker.operations == []


@pytest.mark.parametrize("path", PATHS)
async def test_a16_either_header_alone_is_enough(bridge: RunningBridge, path: str) -> None:
    for header in (("Authorization", f"Bearer {KEY}"), ("authorization", f"bearer {KEY}"), ("X-API-KEY", KEY)):
        status, _ = await get(bridge, path, header)
        assert status == 200, header


@pytest.mark.parametrize(
    "value",
    [
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "Bearer ",
        f"Bearer\t{KEY}",
        f"Bearer {KEY} extra",
        f"Bearer {KEY},Bearer sk-other",
        f"Bearer: {KEY}",
        KEY,
        "Bearer " + "x" * 9000,
        "Bearer café",
    ],
)
async def test_a16_malformed_authorization_opens_nothing(bridge: RunningBridge, value: str) -> None:
    for path in PATHS:
        status, body = await get(bridge, path, ("Authorization", value))
        assert status == 401
        assert KEY.encode() not in body


async def test_a13_cookies_open_nothing(bridge: RunningBridge) -> None:
    for path in PATHS:
        status, _ = await get(bridge, path, ("Cookie", f"authorization={KEY}; token={KEY}; access_token={KEY}"))
        assert status == 401
