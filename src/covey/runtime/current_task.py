"""The task that runs now, found without a detour.

Python 3.11 answers ``asyncio.current_task(loop)`` in Python, and a request asks a dozen times; later ones have it in C.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

current_task: Callable[[asyncio.AbstractEventLoop], asyncio.Task[Any] | None]
if sys.version_info >= (3, 12):
    current_task = asyncio.current_task
else:
    current_task = asyncio.tasks._current_tasks.get  # type: ignore[attr-defined]
