from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves, streams
from tests.helpers.bus_services import COUNT, ECHO, FAIL, Answer, Pause, Question, Word


class One(Service):
    service = "gateway"

    @serves(ECHO)
    async def echo(self, request: Question, context: CallContext) -> Answer:
        return Answer()

    @streams(COUNT)
    async def count(self, request: Question, context: CallContext) -> AsyncGenerator[Word | Pause, None]:
        yield Word(number=0)


def test_marked_methods_are_collected_also_from_the_base() -> None:
    class Two(One):
        @serves(FAIL)
        async def fail(self, request: Question, context: CallContext) -> Answer:
            return Answer()

    assert One.endpoints == {ECHO.name: (ECHO, "echo"), COUNT.name: (COUNT, "count")}
    assert set(Two.endpoints) == {ECHO.name, COUNT.name, FAIL.name}
    assert Service.endpoints == {}


def test_serving_one_endpoint_twice_is_an_error_at_import() -> None:
    with pytest.raises(TypeError, match="twice"):

        class Twice(Service):
            service = "gateway"

            @serves(ECHO)
            async def one(self, request: Question, context: CallContext) -> Answer:
                return Answer()

            @serves(ECHO)
            async def two(self, request: Question, context: CallContext) -> Answer:
                return Answer()
