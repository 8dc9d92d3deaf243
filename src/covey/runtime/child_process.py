"""A child process that is kept running: started, found ready, watched, restarted, and never left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from covey.errors import NotStarted, StartFailed
from covey.runtime.back_off import BackOff
from covey.runtime.cancelling import cancel_until_ended
from covey.runtime.ticks import sleep_to_tick
from covey.runtime.uninterrupted import uninterrupted

ChildState = Literal["stopped", "starting", "running", "waiting", "crash_loop", "stopping"]
"""``waiting``: ended, and will be started again after a delay. ``crash_loop``: the same, after several failures in a
row."""
OutputName = Literal["stdout", "stderr"]
LineHandler = Callable[[OutputName, str], None]

LONGEST_LINE_BYTES = 64 * 1024
GUARD = str(Path(__file__).with_name("child_guard.py"))
GUARD_MODE = "prctl" if sys.platform == "linux" else "pipe"


class SupervisionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    ready_timeout_s: float = 30.0
    """Longest time from start to readiness; then the child is killed, which counts as a failure."""
    stop_timeout_s: float = 10.0
    """How long the child may take to end after SIGTERM; then it gets SIGKILL."""
    initial_delay_s: float = 0.5
    """Delay before the first restart; doubles with each failure in a row."""
    maximum_delay_s: float = 30.0
    """Longest delay before a restart."""
    settled_after_s: float = 60.0
    """A child that was ready for this long is a good one: the count of failures begins anew."""
    crash_loop_failures: int = 5
    """So many failures in a row make a crash loop: still restarted, but shown as such."""
    probe_interval_s: float = 2.0
    """Time between two health probes of a ready child."""
    probe_timeout_s: float = 2.0
    """A probe without an answer for this long has failed."""
    probe_failures: int = 3
    """So many failed probes in a row and the child is killed and started again: a frozen process ends no other way."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run. Made anew for each start, so that it may hold fresh sockets."""

    command: Sequence[str]
    """Program and arguments. Never a secret: everybody on the machine can read them."""
    environment: Mapping[str, str] | None = None
    """None: the parent's. Empty: none at all."""
    variables: Sequence[str] = ()
    """``NAME=VALUE`` that are added to it. Never a secret, for the same reason."""
    directory: Path | None = None
    inherited_fds: tuple[int, ...] = ()
    """File descriptors that stay open in the child, under the same numbers."""


class ChildProcess:
    """One supervised child.

    ``ready`` is awaited after each start until it returns (it may poll; an exception is a failed start), ``probe`` then
    at intervals; both may raise anything. ``on_line`` gets each line of output, ``on_exit`` each end of a child that
    had been started (with its exit status), both in the event loop; they must not block.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[], Launch],
        *,
        ready: Callable[[], Awaitable[None]],
        probe: Callable[[], Awaitable[None]] | None = None,
        on_line: LineHandler | None = None,
        on_exit: Callable[[int], None] | None = None,
        policy: SupervisionPolicy | None = None,
    ) -> None:
        self.name = name
        self.state: ChildState = "stopped"
        self.restarts = 0
        """Times that it was started again since ``start``."""
        self.failures = 0
        """Failures in a row: ends that nobody asked for, and starts that did not become ready."""
        self.last_exit_status: int | None = None
        self._launch = launch
        self._ready = ready
        self._probe = probe
        self._on_line = on_line
        self._on_exit = on_exit
        self._policy = policy or SupervisionPolicy()
        self._back_off = BackOff(initial_s=self._policy.initial_delay_s, maximum_s=self._policy.maximum_delay_s)
        self._log = structlog.get_logger(__name__).bind(child=name)
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._life_pipe: int | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._running = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Returns when the child is ready. Raises StartFailed when it ended or was not ready in time; it is gone then.

        A first start that fails is not tried again: that is for the caller to decide.
        """
        if self._supervisor is not None:
            return
        self.restarts = self.failures = 0
        self._back_off.reset()
        try:
            await self._start_once()
        except BaseException:  # raised again to the caller, when all is undone
            await self._end_child(graceful=False)
            self.state = "stopped"
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")  # ended by stop

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL when the time is up, or at once when this call is cancelled. Safe twice."""
        self.state = "stopping"
        supervisor, self._supervisor = self._supervisor, None
        try:
            if supervisor is not None:
                supervisor.cancel()
                await asyncio.wait([supervisor])
        finally:
            await self._end_child(graceful=True)
            self.state = "stopped"

    async def check(self) -> None:
        """Returns while the child is up. Raises NotStarted otherwise."""
        if self.state != "running":
            raise NotStarted(f"{self.name} is {self.state.replace('_', ' ')}")

    async def wait_running(self) -> None:
        """Returns once the child is up, at once if it is."""
        await self._running.wait()

    def kill(self) -> None:
        """SIGKILL now; the supervisor starts it again."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own, so that its children die too

    async def _start_once(self) -> None:
        self.state = "starting"
        await self._spawn()
        assert self._process is not None
        exited = asyncio.create_task(self._process.wait())  # awaited below
        ready = asyncio.ensure_future(self._ready())
        try:
            await asyncio.wait(
                [exited, ready], timeout=self._policy.ready_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if exited.done():
                raise StartFailed(f"{self.name} ended with status {exited.result()} before it was ready")
            if not ready.done():
                raise StartFailed(f"{self.name} was not ready after {self._policy.ready_timeout_s:g} s")
            try:
                ready.result()
            except StartFailed:
                raise
            except Exception as error:  # reported by the caller, as StartFailed with its cause
                raise StartFailed(f"{self.name} did not become ready") from error
        finally:
            for task in (exited, ready):
                task.cancel()
            await asyncio.gather(exited, ready, return_exceptions=True)
        self.state = "running"
        self._running.set()
        self._log.info("child_ready", pid=self._process.pid)

    async def _spawn(self) -> None:
        launch = self._launch()
        program = shutil.which(launch.command[0])
        if program is None:
            raise StartFailed(f"the program of {self.name} was not found")
        read_end, self._life_pipe = os.pipe()
        clean = launch.environment is not None and not launch.environment
        guarded = [sys.executable, "-I", "-S", GUARD, f"{GUARD_MODE}+clean" if clean else GUARD_MODE]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *guarded,
                str(os.getpid()),
                str(read_end),
                *launch.variables,
                "--",
                program,
                *launch.command[1:],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(launch.environment) if launch.environment else None,
                cwd=launch.directory,
                pass_fds=(*launch.inherited_fds, *((read_end,) if GUARD_MODE == "pipe" else ())),
                # A Ctrl-C at the terminal is for the parent, which stops the child when its work is drained.
                start_new_session=True,
            )
        except OSError as error:
            raise StartFailed(f"{self.name} could not be started") from error
        finally:
            os.close(read_end)
        self._readers = [
            asyncio.create_task(self._read("stdout", self._process.stdout)),
            asyncio.create_task(self._read("stderr", self._process.stderr)),
        ]  # end with the child's outputs; cancelled in _end_child

    async def _read(self, output: OutputName, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        rest = b""
        while chunk := await stream.read(LONGEST_LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hand_on(output, line)
            if len(rest) > LONGEST_LINE_BYTES:  # cut, so that a child cannot fill the parent's memory
                self._hand_on(output, rest)
                rest = b""
        if rest:
            self._hand_on(output, rest)

    def _hand_on(self, output: OutputName, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        if self._on_line is None or not text:
            return
        try:
            self._on_line(output, text)
        except Exception:  # reported here: a reader that died would block the child
            self._log.exception("child_line_handler_failed", output=output)

    async def _supervise(self) -> None:
        while True:
            settled = asyncio.get_running_loop().time() + self._policy.settled_after_s
            await self._until_exit()
            self._running.clear()
            if asyncio.get_running_loop().time() >= settled:
                self.failures = 0
                self._back_off.reset()
            self._log.error("child_ended", exit_status=self.last_exit_status)
            await self._restart()

    async def _until_exit(self) -> None:
        assert self._process is not None
        prober = asyncio.create_task(self._probe_until_dead())  # cancelled below
        try:
            await self._process.wait()
        finally:
            await cancel_until_ended(prober)
        await self._end_child(graceful=False)

    async def _probe_until_dead(self) -> None:
        failed = 0
        while self._probe is not None:
            await sleep_to_tick(self._policy.probe_interval_s)
            try:
                async with asyncio.timeout(self._policy.probe_timeout_s):
                    await self._probe()
                failed = 0
            except Exception as error:  # reported here: any error of a probe is a failed probe
                failed += 1
                self._log.warning("child_probe_failed", failed=failed, error=type(error).__name__)
            if failed >= self._policy.probe_failures:
                self._log.error("child_frozen", pid=self.pid)
                self.kill()
                return

    async def _restart(self) -> None:
        while True:
            self.failures += 1
            self.state = "crash_loop" if self.failures >= self._policy.crash_loop_failures else "waiting"
            delay_s = self._back_off.next_delay_s()
            self._log.warning("child_restarts", delay_s=round(delay_s, 2), failures=self.failures, state=self.state)
            await asyncio.sleep(delay_s)
            self.restarts += 1
            try:
                await self._start_once()
                return
            except StartFailed as error:
                self._log.exception("child_start_failed", detail=error.detail)
                await self._end_child(graceful=False)

    async def _end_child(self, *, graceful: bool) -> None:
        process, self._process = self._process, None
        self._running.clear()
        try:
            if process is not None:
                await self._end(process, graceful=graceful)
        finally:
            if self._life_pipe is not None:
                os.close(self._life_pipe)
                self._life_pipe = None

    async def _end(self, process: asyncio.subprocess.Process, *, graceful: bool) -> None:
        try:
            if graceful and process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                    os.kill(process.pid, signal.SIGCONT)  # a stopped process cannot obey
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._policy.stop_timeout_s):
                        await process.wait()
                if process.returncode is None:
                    self._log.warning("child_killed", after_s=self._policy.stop_timeout_s)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            await uninterrupted(self._reap(process))

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        # A grandchild may keep the outputs open; what the child itself said is here within a moment.
        readers, self._readers = self._readers, []
        _, late = await asyncio.wait(readers, timeout=1.0)
        for reader in late:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        process._transport.close()  # type: ignore[attr-defined]  # asyncio offers no public way to free its pipes
        self.last_exit_status = status
        if self._on_exit is not None:
            self._on_exit(status)
