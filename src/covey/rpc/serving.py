"""A service that is being served: its handlers, the work they have in hand, and how it comes to an end."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import structlog

from covey.errors import CoveyError, DeadlineExceeded, Draining
from covey.protocol.endpoint import Endpoint, StreamEndpoint
from covey.protocol.ids import InstanceId, RequestId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.service import Service
from covey.rpc.told import is_wanted, told_call, told_stream
from covey.rpc.work import SilenceWatch, Work
from covey.runtime.current_task import current_task

_log = structlog.get_logger(__name__)


PATIENT_S = 60.0
"""Time-out from which on a call is taken for one that waits long."""


def unnamed(endpoint_name: str, error: Exception, request_id: RequestId | None) -> CoveyError:
    """What a caller is told of an error without a name: nothing. The log has it, once, with its traceback."""
    _log.error("handler_failed", endpoint=endpoint_name, request_id=request_id, exc_info=error)
    failure = CoveyError()
    failure.__cause__ = error
    return failure


class CallHandler:
    """The method of one instance that answers one endpoint."""

    __slots__ = ("endpoint", "method", "served")

    def __init__(
        self,
        endpoint: Endpoint[Any, Any],
        method: Callable[[Any, CallContext], Coroutine[Any, Any, Any]],
        served: Served,
    ) -> None:
        self.endpoint = endpoint
        self.method = method
        self.served = served

    async def call(self, request: Any, context: CallContext) -> Any:
        """Run the method in the caller's task, held to the deadline."""
        deadline = context.deadline
        if deadline is not None and deadline <= self.served.loop.time():
            raise DeadlineExceeded
        try:
            coroutine = self.method(request, context)
            try:
                yielded = coroutine.send(None)
            except StopIteration as stop:
                return stop.value
            return await self._finish(coroutine, yielded, deadline)
        except CoveyError:
            raise
        except Exception as error:  # logged by unnamed; only the bare error leaves
            raise unnamed(self.endpoint.name, error, context.request_id) from error

    async def _finish(self, coroutine: Coroutine[Any, Any, Any], yielded: Any, deadline: float | None) -> Any:
        loop = self.served.loop
        now = loop.time()
        latest = now + self.endpoint.timeout_s
        work = Work()
        timer = loop.call_at(latest if deadline is None or deadline > latest else deadline, work.expire)
        works = self.served.works
        works[work] = None
        try:
            return await work.finish(coroutine, yielded, now)
        finally:
            timer.cancel()
            del works[work]
            if self.served.stops:
                self.served.work_ended()


class PatientHandler(CallHandler):
    """The same for a call that always waits, and for long: it shares the timer of the streams."""

    __slots__ = ()

    async def call(self, request: Any, context: CallContext) -> Any:
        served = self.served
        loop = served.loop
        now = loop.time()
        work = served.watch.begin(current_task(loop), now, self.endpoint.timeout_s, context.deadline)
        served.works[work] = None
        try:
            answer = await self.method(request, context)
        except GeneratorExit:
            raise
        except BaseException as error:  # what has no name is logged by unnamed, and only the bare error leaves
            if (failure := work.end()) is not None:
                raise failure from None
            if isinstance(error, CoveyError) or not isinstance(error, Exception):
                raise
            raise unnamed(self.endpoint.name, error, context.request_id) from error
        finally:
            del served.works[work]
            if served.stops:
                served.work_ended()
        if work.failure is not None:  # the handler answered although it was told to stop
            work.end()
            raise work.failure
        return answer


class StreamHandler:
    """The async generator method of one instance that answers one stream endpoint."""

    __slots__ = ("endpoint", "method", "served")

    def __init__(
        self,
        endpoint: StreamEndpoint[Any, Any],
        method: Callable[[Any, CallContext], AsyncGenerator[Any, None]],
        served: Served,
    ) -> None:
        self.endpoint = endpoint
        self.method = method
        self.served = served

    async def open(self, request: Any, context: CallContext) -> AsyncGenerator[Any, None]:
        """Iterate the method's own generator in the reader's task: nothing is queued, and closing this closes that."""
        served = self.served
        loop = served.loop
        now = loop.time()
        work = served.watch.begin(current_task(loop), now, self.endpoint.idle_timeout_s, context.deadline)
        generator = self.method(request, context)
        served.works[work] = generator
        try:
            async for item in generator:
                work.pause()
                if work.failure is not None:
                    raise work.failure
                yield item
                if work.failure is not None:
                    raise work.failure
                work.wait(current_task(loop), loop.time())
        except GeneratorExit:
            raise
        except BaseException as error:  # what has no name is logged by unnamed, and only the bare error leaves
            if (failure := work.end()) is not None:
                raise failure from None
            if isinstance(error, CoveyError) or not isinstance(error, Exception):
                raise
            raise unnamed(self.endpoint.name, error, context.request_id) from error
        finally:
            await served.end_stream(work, generator)


class Served:
    """One service with its instance id. ``works`` is what runs now; a stream is there with its generator."""

    def __init__(self, service: Service, info: Callable[[], InstanceInfo]) -> None:
        self.name = service.service
        self.info = info
        self.instance: InstanceId = info().instance
        # Asking for the running loop is a system call in Python 3.11.
        self.loop = asyncio.get_running_loop()
        self.works: dict[Work, AsyncGenerator[Any, None] | None] = {}
        self.watch = SilenceWatch(self.loop, self.works)
        self.calls: dict[str, CallHandler] = {}
        self.streams: dict[str, StreamHandler] = {}
        self._closers: dict[Work, asyncio.Task[None]] = {}
        self._idle: asyncio.Future[None] | None = None
        tells = is_wanted()
        self.stops = False
        """Whether somebody waits for its work to end, so that whoever ends some has to say so."""
        for name, (endpoint, method_name) in service.endpoints.items():
            method = getattr(service, method_name)
            if isinstance(endpoint, StreamEndpoint):
                if not inspect.isasyncgenfunction(method):
                    raise TypeError(f"{name} has to be answered by an async generator method")
                method = told_stream(method, name, self.instance) if tells else method
                self.streams[name] = StreamHandler(endpoint, method, self)
            else:
                if not inspect.iscoroutinefunction(method):
                    raise TypeError(f"{name} has to be answered by an async method")
                kind = PatientHandler if endpoint.timeout_s >= PATIENT_S else CallHandler
                self.calls[name] = kind(endpoint, told_call(method, name, self.instance) if tells else method, self)

    async def end_stream(self, work: Work, generator: AsyncGenerator[Any, None]) -> None:
        closer = self._closers.get(work)
        try:
            if closer is None:
                await generator.aclose()
            else:  # a drain is closing it already
                await asyncio.wait([closer])
        finally:
            self.works.pop(work, None)
            self.work_ended()

    def work_ended(self) -> None:
        if self._idle is not None and not self.works and not self._idle.done():
            self._idle.set_result(None)

    async def finish(self, budget_s: float) -> None:
        """Let running work finish for up to ``budget_s`` seconds, then end the rest with ``Draining``."""
        if not await self.until_idle(budget_s):
            await self.cut_short()
        self.watch.stop()

    async def until_idle(self, budget_s: float) -> bool:
        """Whether nothing runs any more, after at most so many seconds."""
        if self.works and budget_s > 0:
            if self._idle is None or self._idle.done():
                self._idle = self.loop.create_future()
                self.stops = True
            await asyncio.wait([self._idle], timeout=budget_s)
        return not self.works

    async def cut_short(self) -> None:
        """End everything that runs with ``Draining``, and return when it has ended."""
        for work, generator in list(self.works.items()):
            waited = work.waits
            work.cut(Draining("this instance is going away"))
            if generator is not None and not waited and work not in self._closers:
                # Its reader is busy elsewhere: what the generator holds is freed now, not when the reader looks again.
                self._closers[work] = asyncio.create_task(self._close(work, generator))  # awaited below
        await asyncio.gather(*self._closers.values())
        await self.until_idle(1.0)

    async def _close(self, work: Work, generator: AsyncGenerator[Any, None]) -> None:
        try:
            await generator.aclose()
        except Exception as error:  # reported here: nobody else asked for this close
            _log.error("handler_failed", endpoint="", exc_info=error)
        finally:
            self.works.pop(work, None)
            self.work_ended()
