"""Row A6 on a running node: a new signing key under load, until the tokens of the old one are over."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from covey.testing.eventually import eventually
from tests.helpers.covey_process import one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(150)]

SHORTEST = {
    "auth.sessions.access_token_ttl_s": 30,
    "auth.signing_keys.refresh_interval_s": 0.3,
    "auth.signing_keys.settle_s": 1.0,
}
CALLERS = 5
REQUESTS_A_SECOND = 10
"""Of each caller."""


class Load:
    """People who go on asking with one token. Bounded by the test that stops it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.statuses: Counter[int] = Counter()
        self._client = PlatformClient(url, token)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._stop.wait(1.0 / REQUESTS_A_SECOND):
            status, _ = self._client.ask("GET", "/covey/v1/me")
            self.statuses[status] += 1

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def key_of(token: str) -> str:
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


async def test_a6_a_rotation_under_load_refuses_nobody_until_the_grace_is_over(tmp_path: Path) -> None:
    with one_process(tmp_path, **SHORTEST) as node:
        admin = PlatformClient(node.url).register("ada")
        old = PlatformClient(node.url, admin.bearer)
        load = Load(node.url, admin.bearer)
        try:
            rotated = await asyncio.to_thread(admin.must, "POST", "/covey/v1/signing-keys/rotate")
            assert key_of(admin.bearer or "") != rotated["key_id"]

            async def signed_anew() -> str | None:
                tokens = await asyncio.to_thread(admin.login, "ada")
                return tokens["access_token"] if key_of(tokens["access_token"]) == rotated["key_id"] else None

            fresh = PlatformClient(node.url, await eventually(signed_anew, timeout_s=15.0, interval_s=1.0))
            assert (await asyncio.to_thread(fresh.ask, "GET", "/covey/v1/me"))[0] == 200
            await eventually(lambda: load.statuses.total() >= 200, timeout_s=15.0)
        finally:
            await asyncio.to_thread(load.stop)
        assert set(load.statuses) == {200}  # whoever signed, nobody was refused

        async def refused() -> bool:
            return (await asyncio.to_thread(old.ask, "GET", "/covey/v1/me"))[0] == 401

        await eventually(refused, timeout_s=90.0, interval_s=0.5)
        assert [await refused() for _ in range(50)] == [True] * 50
        login = await asyncio.to_thread(admin.login, "ada")
        assert (await asyncio.to_thread(PlatformClient(node.url, login["access_token"]).ask, "GET", "/covey/v1/me"))[
            0
        ] == 200
