"""Run as a script in a new child, before it becomes the real program: ties the child's life to its parent's.

    python -I -S child_guard.py <prctl|pipe>[+clean] <parent pid> <pipe fd> [NAME=VALUE…] -- program argument…

``prctl`` (Linux): the kernel kills the child when the thread that started it ends, however it ended. The setting
survives the change of program. ``pipe`` (elsewhere): a second small process reads a pipe of which the parent holds the
other end; when it closes, it kills the child and its process group. ``+clean``: the program's environment
begins empty. The variables before the dashes are added to it.

It stands alone and imports nothing of Covey, because it has to be quick: about 20 milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent_by_kernel(parent_pid: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit("the kernel refused to tie the child to its parent")
    if os.getppid() != parent_pid:  # it died before the request was made
        sys.exit("the parent is gone")


def die_with_parent_by_pipe(pipe: int) -> None:
    child_pid = os.getpid()
    if os.fork() != 0:
        os.close(pipe)
        return
    watch(child_pid, pipe)


def watch(child_pid: int, pipe: int) -> None:
    import select

    # Away from the child's group (which is killed whole) and its outputs (whose end would otherwise never be seen).
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    while os.getppid() == child_pid:
        if not select.select([pipe], [], [], 0.5)[0]:
            continue
        try:
            os.killpg(child_pid, signal.SIGKILL)
        except OSError:
            os.kill(child_pid, signal.SIGKILL)
        break
    os._exit(0)


def main(arguments: list[str]) -> None:
    mode, parent_pid, pipe, *rest = arguments
    variables, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    if mode.startswith("prctl"):
        die_with_parent_by_kernel(int(parent_pid))
    else:
        die_with_parent_by_pipe(int(pipe))
    added = dict(variable.split("=", 1) for variable in variables)
    if mode.endswith("+clean"):
        os.execve(command[0], command, added)
    for name, value in added.items():
        os.putenv(name, value)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
