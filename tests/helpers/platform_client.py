"""A small client of the platform API for end-to-end tests, over urllib3."""

from __future__ import annotations

import json
from typing import Any

import urllib3

from tests.helpers.covey_process import PASSWORD


class PlatformClient:
    """Speaks for one account, or for nobody."""

    def __init__(self, url: str, bearer: str | None = None) -> None:
        self.url = url
        self.bearer = bearer
        self._pool = urllib3.PoolManager(retries=False, timeout=30.0)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = dict(headers)
        if self.bearer:
            sent["authorization"] = f"Bearer {self.bearer}"
        if body is not None:
            sent["content-type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, self.url + path, body=content, headers=sent)
        return answer.status, json.loads(answer.data) if answer.data else None

    def must(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = self.ask(method, path, body, **headers)
        assert status < 300, (method, path, status, answer)
        return answer

    def register(self, name: str, password: str = PASSWORD) -> PlatformClient:
        """A client with the session of a new account."""
        tokens = self.must("POST", "/covey/v1/auth/register", {"username": name, "password": password})
        return PlatformClient(self.url, tokens["access_token"])

    def login(self, name: str, password: str = PASSWORD) -> dict[str, Any]:
        return dict(self.must("POST", "/covey/v1/auth/login", {"username": name, "password": password}))

    def key(self, name: str = "test", **fields: Any) -> str:
        return str(self.must("POST", "/covey/v1/keys", {"name": name, **fields})["secret"])

    def close(self) -> None:
        self._pool.clear()
