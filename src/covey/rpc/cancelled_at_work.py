"""A cancellation that says how far the work had come."""

from __future__ import annotations

import asyncio


class CancelledAtWork(asyncio.CancelledError):
    """Raised instead of a plain cancellation by a call within the process whose work had begun: whoever asked for it
    may have to pay for it. It goes no further than the one who made the call, who raises a plain one again."""
