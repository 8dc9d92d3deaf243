"""Which handlers of this process answer what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from covey.errors import StartFailed
from covey.protocol.ids import InstanceId
from covey.protocol.registry import InstanceInfo
from covey.rpc.serving import CallHandler, Served, StreamHandler

HandlerT = TypeVar("HandlerT", CallHandler, StreamHandler)


class LocalRouter:
    """The services of this process, found by endpoint name and, if one is asked for, by instance."""

    def __init__(self) -> None:
        self._calls: dict[str, list[CallHandler]] = {}
        self._direct: dict[tuple[str, InstanceId | None], CallHandler] = {}
        """Who answers a call, where there is no choice."""
        self._streams: dict[str, list[StreamHandler]] = {}
        self._served: dict[InstanceId, Served] = {}
        self._turn = 0

    def add(self, served: Served) -> None:
        if served.instance in self._served:
            raise StartFailed("an instance of that name is served already")
        self._served[served.instance] = served
        for name, call in served.calls.items():
            self._calls.setdefault(name, []).append(call)
        for name, stream in served.streams.items():
            self._streams.setdefault(name, []).append(stream)
        self._find_direct()

    def remove(self, served: Served) -> None:
        """Send it nothing more. Safe twice."""
        if self._served.get(served.instance) is not served:
            return
        del self._served[served.instance]
        for name, call in served.calls.items():
            self._calls[name].remove(call)
        for name, stream in served.streams.items():
            self._streams[name].remove(stream)
        self._find_direct()

    def _find_direct(self) -> None:
        self._direct.clear()
        for name, handlers in self._calls.items():
            self._direct.update({(name, handler.served.instance): handler for handler in handlers})
            if len(handlers) == 1:
                self._direct[name, None] = handlers[0]

    def served(self) -> Sequence[Served]:
        return tuple(self._served.values())

    def infos(self, service: str) -> list[InstanceInfo]:
        return [served.info() for served in self._served.values() if served.name == service]

    def call_handler(self, name: str, to: InstanceId | None) -> CallHandler | None:
        return self._direct.get((name, to)) or self._pick(self._calls.get(name), to)

    def answers(self, name: str) -> bool:
        return bool(self._calls.get(name))

    def stream_handler(self, name: str, to: InstanceId | None) -> StreamHandler | None:
        return self._pick(self._streams.get(name), to)

    def _pick(self, handlers: list[HandlerT] | None, to: InstanceId | None) -> HandlerT | None:
        if not handlers:
            return None
        if to is None:
            if len(handlers) == 1:
                return handlers[0]
            self._turn += 1
            return handlers[self._turn % len(handlers)]
        for handler in handlers:
            if handler.served.instance == to:
                return handler
        return None
