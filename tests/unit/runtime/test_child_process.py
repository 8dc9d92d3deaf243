"""Real children: small Python programs that end, freeze, talk or refuse to go."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from covey.errors import NotStarted, StartFailed
from covey.runtime import child_process
from covey.runtime.child_process import ChildProcess, Launch, OutputName, SupervisionPolicy

QUICK = SupervisionPolicy(
    ready_timeout_s=15.0,
    stop_timeout_s=10.0,
    initial_delay_s=0.01,
    maximum_delay_s=0.05,
    probe_interval_s=0.02,
    probe_timeout_s=0.2,
    probe_failures=2,
    crash_loop_failures=3,
)
WAITS = "print('up', flush=True); import signal; signal.pause()"


async def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - a process of the machine sets no event
            await asyncio.sleep(0.005)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


class Child:
    """A supervised Python program that is ready when it printed ``up``."""

    def __init__(self, program: str, policy: SupervisionPolicy = QUICK, **launch: object) -> None:
        self.lines: list[tuple[OutputName, str]] = []
        self.exits: list[int] = []
        self.probe_fails = False
        self.starts = 0
        self._program = program
        self._launch_options = launch
        self.process = ChildProcess(
            "sample",
            self._launch,
            ready=self._ready,
            probe=self._probe,
            on_line=self._on_line,
            on_exit=self.exits.append,
            policy=policy,
        )

    def _launch(self) -> Launch:
        self.starts += 1
        self.lines.clear()
        return Launch([sys.executable, "-I", "-S", "-c", self._program], **self._launch_options)  # type: ignore[arg-type]

    async def _ready(self) -> None:
        await until(lambda: ("stdout", "up") in self.lines, 60.0)

    async def _probe(self) -> None:
        if self.probe_fails:
            raise TimeoutError

    def _on_line(self, output: OutputName, line: str) -> None:
        self.lines.append((output, line))


Make = Callable[..., Child]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Child] = []

    def build(program: str, policy: SupervisionPolicy = QUICK, **launch: object) -> Child:
        made.append(Child(program, policy, **launch))
        return made[-1]

    yield build
    for child in made:
        await child.process.stop()
        assert child.process.pid is None


async def test_ready_child_runs_and_ends_on_stop(make: Make) -> None:
    child = make(WAITS)
    await child.process.start()
    pid = child.process.pid
    assert pid is not None
    assert is_alive(pid)
    assert child.process.state == "running"
    await child.process.check()
    await child.process.stop()
    await child.process.stop()
    assert not is_alive(pid)
    assert child.process.last_exit_status == -signal.SIGTERM
    assert child.exits == [-signal.SIGTERM]
    with pytest.raises(NotStarted):
        await child.process.check()


async def test_stopped_child_can_be_started_again(make: Make) -> None:
    child = make(WAITS)
    await child.process.start()
    first = child.process.pid
    await child.process.stop()
    await child.process.start()
    assert child.process.pid != first
    assert child.process.state == "running"


async def test_each_line_of_both_outputs_is_handed_on_even_without_a_last_newline(make: Make) -> None:
    program = """
    import sys
    sys.stderr.write('warned\\nagain'); sys.stderr.flush()
    print('up', flush=True)
    sys.stdout.write('caf\\u00e9 \\n\\ntail'); sys.stdout.buffer.write(b'\\xff'); sys.stdout.flush()
    import signal; signal.pause()
    """
    child = make(textwrap.dedent(program))
    await child.process.start()
    await child.process.stop()
    assert [line for output, line in child.lines if output == "stderr"] == ["warned", "again"]
    assert [line for output, line in child.lines if output == "stdout"][0] == "up"
    assert "tail" in [line for output, line in child.lines if output == "stdout"][-1]


async def test_endless_line_is_cut_and_does_not_fill_memory(make: Make) -> None:
    child = make("print('x' * 1_000_000); print('up', flush=True); import signal; signal.pause()")
    await child.process.start()
    assert max(len(line) for _, line in child.lines) <= 3 * child_process.LONGEST_LINE_BYTES
    assert sum(len(line) for _, line in child.lines) == 1_000_000 + len("up")


async def test_line_handler_that_raises_does_not_stop_the_reading(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    child = make("print('bad', flush=True); print('up', flush=True); import signal; signal.pause()")
    keep = child._on_line

    def handler(output: OutputName, line: str) -> None:
        if line == "bad":
            raise ValueError(line)
        keep(output, line)

    monkeypatch.setattr(child.process, "_on_line", handler)
    await child.process.start()


async def test_child_that_ends_before_it_is_ready_fails_the_start(make: Make) -> None:
    child = make("raise SystemExit(3)")
    with pytest.raises(StartFailed, match="status 3"):
        await child.process.start()
    assert child.process.state == "stopped"
    assert child.process.pid is None


async def test_child_that_is_never_ready_is_killed_and_fails_the_start(make: Make) -> None:
    child = make("import signal; signal.pause()", SupervisionPolicy(ready_timeout_s=0.1))
    with pytest.raises(StartFailed, match="not ready after"):
        await child.process.start()
    assert child.exits == [-signal.SIGKILL]


async def test_missing_program_fails_the_start() -> None:
    async def ready() -> None:
        return None

    child = ChildProcess("ghost", lambda: Launch(["/no/such/program"]), ready=ready)
    with pytest.raises(StartFailed, match="ghost was not found"):
        await child.start()


async def test_cancelled_start_leaves_no_process(make: Make) -> None:
    child = make("import signal; signal.pause()")
    starting = asyncio.create_task(child.process.start())
    await until(lambda: child.process.pid is not None)
    pid = child.process.pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_alive(pid)


async def test_killed_child_is_started_again(make: Make) -> None:
    child = make(WAITS)
    await child.process.start()
    first = child.process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.process.pid not in (None, first) and child.process.state == "running")
    assert child.process.restarts == 1
    assert child.exits == [-signal.SIGKILL]
    await asyncio.wait_for(child.process.wait_running(), 5.0)


async def test_child_that_keeps_ending_is_shown_as_a_crash_loop(make: Make, tmp_path: Path) -> None:
    once = tmp_path / "once"
    child = make(f"import os, sys; p={str(once)!r}\nif os.path.exists(p): sys.exit(1)\nopen(p, 'w').close()\n{WAITS}")
    await child.process.start()
    child.process.kill()
    await until(lambda: child.process.state == "crash_loop")
    assert child.process.failures >= QUICK.crash_loop_failures
    with pytest.raises(NotStarted, match="crash loop"):
        await child.process.check()


async def test_child_that_ran_long_enough_starts_with_a_clean_count(make: Make) -> None:
    policy = SupervisionPolicy(initial_delay_s=0.01, maximum_delay_s=0.02, settled_after_s=0.0)
    child = make(WAITS, policy)
    await child.process.start()
    for expected in (1, 2, 3):
        pid = child.process.pid
        child.process.kill()
        await until(lambda pid=pid: child.process.state == "running" and child.process.pid != pid)  # type: ignore[misc]
        assert child.process.restarts == expected
        assert child.process.failures == 1


async def test_frozen_child_is_killed_and_started_again(make: Make) -> None:
    child = make(WAITS)
    await child.process.start()
    first = child.process.pid
    child.probe_fails = True
    await until(lambda: child.exits == [-signal.SIGKILL])
    child.probe_fails = False
    await until(lambda: child.process.state == "running")
    assert child.process.pid != first


async def test_child_deaf_to_sigterm_is_killed_when_the_time_is_up(make: Make) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS
    child = make(program, SupervisionPolicy(stop_timeout_s=0.1))
    await child.process.start()
    await child.process.stop()
    assert child.exits == [-signal.SIGKILL]


async def test_cancelled_stop_kills_at_once(make: Make) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS
    child = make(program, SupervisionPolicy(stop_timeout_s=600.0))
    await child.process.start()
    stopping = asyncio.create_task(child.process.stop())
    await until(lambda: child.process.pid is None)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert child.exits == [-signal.SIGKILL]


async def test_stopped_by_signal_child_still_obeys_stop(make: Make) -> None:
    child = make(WAITS)
    await child.process.start()
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGSTOP)
    await child.process.stop()
    assert child.exits == [-signal.SIGTERM]


async def test_stop_during_the_wait_before_a_restart_starts_nothing(make: Make) -> None:
    child = make(WAITS, SupervisionPolicy(initial_delay_s=600.0))
    await child.process.start()
    child.process.kill()
    await until(lambda: child.process.state == "waiting")
    await child.process.stop()
    assert child.starts == 1
    assert child.process.pid is None


async def test_empty_environment_reaches_the_child(make: Make) -> None:
    child = make("import os; print(dict(os.environ)); " + WAITS, environment={})
    await child.process.start()
    said = child.lines[0][1]
    assert "PATH" not in said


async def test_given_environment_and_directory_reach_the_child(make: Make, tmp_path: Path) -> None:
    program = "import os; print(os.environ['COLOUR'], 'HOME' in os.environ, os.getcwd()); " + WAITS
    child = make(program, environment={"COLOUR": "blue"}, directory=tmp_path)
    await child.process.start()
    assert child.lines[0][1] == f"blue False {tmp_path}"


async def test_variables_are_added_to_the_environment(make: Make) -> None:
    variables = ("COLOUR=blue", "SUM=1+1=2")
    program = "import os; print(os.environ['COLOUR'], os.environ['SUM'], 'PATH' in os.environ); " + WAITS
    for environment, inherits in (({}, False), (None, True)):
        child = make(program, environment=environment, variables=variables)
        await child.process.start()
        assert child.lines[0][1] == f"blue 1+1=2 {inherits}"
        await child.process.stop()


async def test_inherited_descriptor_stays_open_in_the_child(make: Make) -> None:
    read_end, write_end = os.pipe()
    try:
        child = make(f"import os; os.write({write_end}, b'hello'); " + WAITS, inherited_fds=(write_end,))
        await child.process.start()
        assert os.read(read_end, 5) == b"hello"
    finally:
        os.close(read_end)
        os.close(write_end)


PARENT = """
import asyncio, sys
from covey.runtime import child_process
from covey.runtime.child_process import ChildProcess, Launch

child_process.GUARD_MODE = sys.argv[1]

async def main():
    up = asyncio.Event()
    child = ChildProcess(
        "sample", lambda: Launch([sys.executable, "-I", "-S", "-c", sys.argv[2]]), ready=up.wait,
        on_line=lambda output, line: up.set(),
    )
    await child.start()
    print("child", child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["prctl", "pipe"])
def test_no_child_is_left_when_the_parent_is_killed(mode: str) -> None:
    source = str(Path(child_process.__file__).parents[2])
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, mode, deaf],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={"PYTHONPATH": source},
    )  # fmt: skip
    assert parent.stdout is not None
    try:
        child_pid = next(int(line.split()[1]) for line in parent.stdout if line.startswith("child "))
        assert is_alive(child_pid)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 15.0
    while is_alive(child_pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert not is_alive(child_pid)


async def test_pipe_guard_ends_with_its_child(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "GUARD_MODE", "pipe")
    child = make(WAITS)
    await child.process.start()
    pid = child.process.pid
    helpers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(helpers) == 1
    await child.process.stop()
    await until(lambda: not is_alive(int(helpers[0])))
