"""A WebSocket client that shows every frame."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.helpers.bridges import RunningBridge
from tests.helpers.client_worker import KEY


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        text = await asyncio.wait_for(self.connection.recv(), 5.0)
        found: dict[str, Any] = json.loads(text)
        return found

    async def hear_until(self, kind: str) -> list[dict[str, Any]]:
        found = [await self.hear()]
        while found[-1]["type"] != kind:
            found.append(await self.hear())
        return found

    async def close_code(self) -> int:
        """The code that the server closes with; frames before it are dropped."""
        try:
            while True:
                await asyncio.wait_for(self.connection.recv(), 5.0)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def greet(self) -> dict[str, Any]:
        await self.say(type="hello", credential=KEY)
        return await self.hear()


def open_socket(bridge: RunningBridge, **options: Any) -> connect:
    return connect(f"ws://localhost:{bridge.port}/covey/v1/ws", proxy=None, compression=None, **options)
