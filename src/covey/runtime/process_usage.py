"""What this process takes of its machine: processor time and memory, read without waiting for anything."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

INTERVAL_S = 1.0
_STATM = Path("/proc/self/statm")


class ProcessUsage:
    """Measured at most once a second: asked more often, it repeats itself."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._measured_at = monotonic()
        self._processor_s = _processor_s()
        self.cpu_percent = 0.0
        """Of one core, children left out: 200 is two cores at work."""
        self.memory_bytes = memory_bytes()
        """Resident."""

    def measure(self) -> None:
        now = self._monotonic()
        passed_s = now - self._measured_at
        if passed_s < INTERVAL_S:
            return
        processor_s = _processor_s()
        self.cpu_percent = round(100 * max(0.0, processor_s - self._processor_s) / passed_s, 1)
        self.memory_bytes = memory_bytes()
        self._measured_at, self._processor_s = now, processor_s


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_bytes() -> int:
    """Resident now; where the system does not say, the most there ever was."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
