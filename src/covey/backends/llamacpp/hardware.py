"""How many CPUs this process may really use: what the scheduler allows, cut to what its control groups pay for."""

from __future__ import annotations

import os
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
PROCESS_GROUPS = Path("/proc/self/cgroup")
THREAD_SPEED = 10e9
"""Parameters times prompt tokens that one thread gets through in a second, on a processor that is not new."""
STEP_S = 0.45
STEP_TOKENS = (64, 32)
"""Steps of 64 cost a CPU some 20 % more than large ones, steps of 32 already 60 %."""
GPU_STEP_TOKENS = 512


def step_tokens(parameters: int, threads: int) -> int:
    """How many tokens of a prompt to work off in one step on the CPU, since nothing interrupts a step."""
    in_time = STEP_S * THREAD_SPEED * threads / max(1, parameters)
    return next((tokens for tokens in STEP_TOKENS if tokens <= in_time), STEP_TOKENS[-1])


def usable_cpus(*, groups: Path = CONTROL_GROUPS, membership: Path = PROCESS_GROUPS) -> int:
    """At least 1. A quota of 1.5 CPUs counts as 1: the threads of one model wait for the slowest of them."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(groups, membership)
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def cpu_quota(groups: Path, membership: Path) -> float | None:
    """The tightest quota in CPUs of the process's control group and those above it; None: unlimited."""
    found = []
    for directory in group_directories(groups, membership):
        limit = unified_quota(directory / "cpu.max") or legacy_quota(directory)
        if limit is not None:
            found.append(limit)
    return min(found, default=None)


def group_directories(groups: Path, membership: Path) -> list[Path]:
    directories = {groups, groups / "cpu"}
    for line in read(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers not in ("", "cpu", "cpu,cpuacct", "cpuacct,cpu"):
            continue
        base = groups / controllers if controllers else groups
        below = base / path.lstrip("/")
        directories.add(base)
        while below != base and base in below.parents:
            directories.add(below)
            below = below.parent
    return sorted(directories)


def unified_quota(file: Path) -> float | None:
    """``cpu.max`` of version 2: ``<quota or max> <period>`` in microseconds."""
    match read(file).split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            return int(quota) / int(period)
    return None


def legacy_quota(directory: Path) -> float | None:
    quota, period = read(directory / "cpu.cfs_quota_us").strip(), read(directory / "cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(quota) and int(period):
        return int(quota) / int(period)
    return None


def read(file: Path) -> str:
    """The content, or nothing: most of these files exist only on some kernels."""
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
