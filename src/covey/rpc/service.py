"""How a worker declares what it serves: methods marked with the endpoints they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from covey.protocol.endpoint import Endpoint, ItemT, RequestT, ResponseT, StreamEndpoint
from covey.rpc.context import CallContext

ServiceT = TypeVar("ServiceT")
_MARK = "__covey_endpoint__"


def serves(
    endpoint: Endpoint[RequestT, ResponseT],
) -> Callable[
    [Callable[[ServiceT, RequestT, CallContext], Awaitable[ResponseT]]],
    Callable[[ServiceT, RequestT, CallContext], Awaitable[ResponseT]],
]:
    """Mark an async method as the answer to ``endpoint``."""

    def mark(
        method: Callable[[ServiceT, RequestT, CallContext], Awaitable[ResponseT]],
    ) -> Callable[[ServiceT, RequestT, CallContext], Awaitable[ResponseT]]:
        setattr(method, _MARK, endpoint)
        return method

    return mark


def streams(
    endpoint: StreamEndpoint[RequestT, ItemT],
) -> Callable[
    [Callable[[ServiceT, RequestT, CallContext], AsyncIterator[ItemT]]],
    Callable[[ServiceT, RequestT, CallContext], AsyncIterator[ItemT]],
]:
    """Mark an async generator method as the answer to ``endpoint``. Closing the generator cancels the work."""

    def mark(
        method: Callable[[ServiceT, RequestT, CallContext], AsyncIterator[ItemT]],
    ) -> Callable[[ServiceT, RequestT, CallContext], AsyncIterator[ItemT]]:
        setattr(method, _MARK, endpoint)
        return method

    return mark


class Service:
    """Base of everything that answers calls; collects the marked methods when the class is defined."""

    service: ClassVar[str]
    """The service name, which is also the queue group and the first part of every endpoint name it serves."""
    endpoints: ClassVar[dict[str, tuple[Endpoint[Any, Any] | StreamEndpoint[Any, Any], str]]] = {}
    """Endpoint name → the endpoint and the name of the method that answers it."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        found: dict[str, tuple[Endpoint[Any, Any] | StreamEndpoint[Any, Any], str]] = {}
        for method_name, member in vars(cls).items():
            endpoint = getattr(member, _MARK, None)
            if endpoint is None:
                continue
            if endpoint.name in found:
                raise TypeError(f"{cls.__name__} serves {endpoint.name} twice")
            found[endpoint.name] = (endpoint, method_name)
        cls.endpoints = {**cls.endpoints, **found}
