"""One loaded model: its supervised child, and the work that is under way there."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import structlog

import covey
from covey.backends.llamacpp import messages
from covey.backends.llamacpp.channel import Channel
from covey.backends.llamacpp.library import library_advice
from covey.backends.llamacpp.messages import MessageFromChild
from covey.backends.llamacpp.prompt_slots import PromptSlots
from covey.errors import BackendError, BackendUnavailable, CoveyError, ModelLoadFailed, NotStarted, StartFailed
from covey.runtime.child_process import ChildProcess, Launch, SupervisionPolicy

SHORT_SPIN = {"GOMP_SPINCOUNT": "1000"}
"""By default threads spin for milliseconds at each of the hundreds of barriers of a token before they sleep. When one
of them has lost its CPU to somebody else, the others then burn what it would need."""
PACKAGE_ROOT = Path(covey.__file__).parents[1]
KEPT_OUTPUT_LINES = 20

WorkMessage = (
    messages.WorkStarted
    | messages.WorkProgress
    | messages.Piece
    | messages.WorkDone
    | messages.Vectors
    | messages.WorkRefused
)


class Work:
    """One request in the child, and what came back of it."""

    def __init__(self, number: int, now: float) -> None:
        self.number = number
        self.heard_at = now
        """Loop time of the last sign of progress."""
        self.aborted = False
        self.timer: asyncio.TimerHandle | None = None
        """What looks after its progress."""
        self._error: CoveyError | None = None
        self._arrived: deque[WorkMessage] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, message: WorkMessage, now: float) -> None:
        self.heard_at = now
        self._arrived.append(message)
        self._wake()

    def fail(self, error: CoveyError) -> None:
        """End it with ``error``, after what arrived before."""
        self._error = self._error or error
        self._wake()

    def abort(self) -> None:
        """End it now."""
        self.aborted = True
        self._wake()

    async def next(self) -> WorkMessage | None:
        """None when it was aborted. Raises what ended it."""
        while not self.aborted:
            if self._arrived:
                return self._arrived.popleft()
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class ModelProcess:
    """A child with one model. Started once, restarted by itself after a crash, stopped once."""

    def __init__(
        self,
        name: str,
        load: messages.LoadModel,
        *,
        policy: SupervisionPolicy,
        stall_timeout_s: float,
        environment: dict[str, str],
    ) -> None:
        self.name = name
        self.load = load
        self.load_ms: float | None = None
        self.crashes = 0
        """How often it ended though nobody asked it to."""
        self._stall_timeout_s = stall_timeout_s
        # Never empty, because an empty environment has a meaning of its own, and never that of the service.
        self._environment = {
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GGML_NO_BACKTRACE": "1",
            **({} if "OMP_WAIT_POLICY" in environment else SHORT_SPIN),
            **environment,
        }
        self._log = structlog.get_logger(__name__).bind(model=name)
        self._works: dict[int, Work] = {}
        self._numbers = 0
        self.prompts = PromptSlots(load.slots, load.prompt_cache)
        self._channel: Channel | None = None
        self._loaded: asyncio.Future[None] | None = None
        self._pongs: dict[int, asyncio.Future[None]] = {}
        self._output: deque[str] = deque(maxlen=KEPT_OUTPUT_LINES)
        self._stopping = False
        self._directory: str | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.child = ChildProcess(
            f"llamacpp {name}",
            self._launch,
            ready=self._ready,
            probe=self._probe,
            on_line=self._keep_line,
            on_exit=self._exited,
            policy=policy,
        )

    @property
    def state(self) -> str:
        return self.child.state

    @property
    def running(self) -> int:
        """Requests that the child works on."""
        return len(self._works)

    async def start(self) -> None:
        """Loaded when it returns. Raises ModelLoadFailed."""
        self._stopping = False
        self._directory = tempfile.mkdtemp(prefix="covey-llamacpp-")
        try:
            await self.child.start()
        except BaseException as error:  # raised again, a failed start under its own name
            await self._clean_up()
            if isinstance(error, StartFailed):
                raise self._load_failure(error) from error
            raise

    async def stop(self) -> None:
        """Running work ends with BackendUnavailable. Safe twice."""
        self._stopping = True
        self._fail_all(BackendUnavailable("the engine was stopped"))
        await self.child.stop()
        await self._clean_up()

    async def wait_usable(self) -> None:
        """Returns when the child is up, waiting for a restart if one is under way. Raises BackendUnavailable."""
        if self.child.state == "running":
            return
        if self.child.state in ("crash_loop", "stopping", "stopped"):
            raise BackendUnavailable("the engine's process keeps failing, or is stopped")
        await self.child.wait_running()

    async def check(self) -> None:
        try:
            await self.child.check()
        except NotStarted as error:
            raise BackendUnavailable("the engine's process is not running") from error

    async def run(
        self, order: Callable[[int], messages.RunGeneration | messages.RunEmbedding], on_begun: Callable[[Work], None]
    ) -> AsyncGenerator[WorkMessage]:
        """The messages of one piece of work, as they come. Ends silently when it was aborted.

        Raises BackendUnavailable when the child ends or stalls. Closing the generator cancels the work in the child.
        """
        await self.wait_usable()
        loop = asyncio.get_running_loop()
        self._numbers += 1
        work = Work(self._numbers, loop.time())
        self._works[work.number] = work
        on_begun(work)
        finished = False
        self._watch(work)
        try:
            self._send(order(work.number))
            while not finished:
                message = await work.next()
                if message is None:
                    return
                finished = isinstance(message, messages.WorkDone | messages.Vectors | messages.WorkRefused)
                yield message
        finally:
            del self._works[work.number]
            if work.timer is not None:
                work.timer.cancel()
            if not finished:
                self._send(messages.CancelWork(work.number))

    def _watch(self, work: Work) -> None:
        """Look after a work's progress until it ends: one timer in a while, nothing for each token."""
        loop = asyncio.get_running_loop()
        if loop.time() - work.heard_at >= self._stall_timeout_s:
            self._log.error("child_stalled", pid=self.child.pid, stall_timeout_s=self._stall_timeout_s)
            work.fail(BackendUnavailable("the engine made no progress and is restarted"))
            self.child.kill()
            return
        work.timer = loop.call_at(work.heard_at + self._stall_timeout_s, self._watch, work)

    def _send(self, message: messages.MessageToChild) -> None:
        if self._channel is not None:
            self._channel.send(message)

    def _launch(self) -> Launch:
        self._output.clear()
        self._channel = Channel(self._receive)
        descriptor = self._channel.child_descriptor
        return Launch(
            # The folder of the package is where Python looks first for a module that is run by name.
            command=[sys.executable, "-m", "covey.backends.llamacpp.child", str(descriptor)],
            environment=self._environment,
            directory=PACKAGE_ROOT,
            inherited_fds=(descriptor,),
        )

    async def _ready(self) -> None:
        assert self._channel is not None
        self._loaded = asyncio.get_running_loop().create_future()
        await self._channel.open()
        self._send(msgspec.structs.replace(self.load, directory=self._directory))
        await self._loaded

    async def _probe(self) -> None:
        self._numbers += 1
        number = self._numbers
        pong = self._pongs[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(messages.Ping(number))
            await pong
        finally:
            del self._pongs[number]

    def _receive(self, message: MessageFromChild) -> None:
        match message:
            case messages.ModelLoaded(load_ms=load_ms):
                self.load_ms = load_ms
                self._end_load(None)
            case messages.LoadRefused(library_problem=problem):
                self._end_load(ModelLoadFailed(library_advice(problem) or "the engine could not load the model file"))
            case messages.Pong(number=number):
                pong = self._pongs.get(number)
                if pong is not None and not pong.done():
                    pong.set_result(None)
            case _:
                work = self._works.get(message.work)
                if work is not None:
                    work.put(message, asyncio.get_running_loop().time())

    def _end_load(self, error: CoveyError | None) -> None:
        if self._loaded is None or self._loaded.done():
            return
        if error is None:
            self._output.clear()
            self._loaded.set_result(None)
        else:
            self._loaded.set_exception(error)

    def _keep_line(self, _output: str, line: str) -> None:
        # Only what it says while loading is kept: later lines may quote a request.
        if self._loaded is None or not self._loaded.done():
            self._output.append(line)

    def _exited(self, status: int) -> None:
        if not self._stopping:
            self.crashes += 1
        if self._loaded is not None and not self._loaded.done():
            self._loaded.cancel()
        self._fail_all(BackendUnavailable("the engine's process ended in the middle of the work"))
        channel, self._channel = self._channel, None
        if channel is not None:
            closing = asyncio.get_running_loop().create_task(channel.close())  # awaited by _close_channel
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _clean_up(self) -> None:
        directory, self._directory = self._directory, None
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()
        if self._closing:
            await asyncio.wait(set(self._closing))

    def _fail_all(self, error: BackendError) -> None:
        for work in self._works.values():
            work.fail(error)

    def _load_failure(self, error: StartFailed) -> ModelLoadFailed:
        told = error.__cause__ if isinstance(error.__cause__, ModelLoadFailed) else None
        self._log.error("model_load_failed", output=list(self._output), detail=(told or error).detail)
        return told or ModelLoadFailed("the engine's process ended, or took too long, while it loaded the model")
