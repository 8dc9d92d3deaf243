"""The native library, which only the child has in memory."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

OPENMP = "libgomp.so.1"
"""What the library is linked with and its wheel does not bring; small installations of Linux lack it."""


def import_library() -> Any:
    """The module ``xllamacpp``. Where the system has no libgomp, one in ``lib`` of the Python environment does.

    Raises ImportError.
    """
    try:
        import xllamacpp
    except ImportError:
        own = Path(sys.prefix, "lib", OPENMP)
        if not own.exists():
            raise
        ctypes.CDLL(str(own), mode=ctypes.RTLD_GLOBAL)  # a library of that name is then there, and not searched for
        import xllamacpp
    return xllamacpp


def library_advice(problem: str) -> str:
    """What to tell people whose library cannot be imported because of ``problem``; empty for an empty one."""
    if not problem:
        return ""
    advice = ": install it, on Debian and Ubuntu with `apt install libgomp1`" if OPENMP in problem else ""
    return f"llama.cpp cannot be used on this machine ({problem}){advice}"
