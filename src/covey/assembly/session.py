"""A node from start to the end of its process, and what it tells the person who started it."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import uvloop

from covey.assembly.node import WORKER_ROLES, Node
from covey.assembly.smoke import SmokeAnswer, answer_smoke_prompt
from covey.errors import CoveyError
from covey.protocol.auth import GET_REGISTRATION_POLICY
from covey.protocol.endpoint import Empty
from covey.protocol.ids import RequestId
from covey.protocol.settings import Origin
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.runtime.identifiers import mint
from covey.runtime.signals import StopSignals, run_until_signalled
from covey.settings import Settings

POLICY_TIMEOUT_S = 120.0


class ReadyNode(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once everything serves."""

    roles: tuple[str, ...]
    url: str | None
    start_s: float
    first_account: bool = False
    smoke: SmokeAnswer | None = None
    smoke_problem: str | None = None
    """Why the prompt of the start was not answered: there is no model yet, or none that works."""
    joined: str | None = None
    """What this machine is called in the mesh that it joined; None: it did not join one."""


class Session:
    """A node from start to the end of its process, and what it tells the person who started it."""

    def __init__(self, node: Node, *, smoke: bool, on_ready: Callable[[ReadyNode], None]) -> None:
        self._node = node
        self._smoke = smoke
        self._on_ready = on_ready

    async def start(self) -> None:
        node = self._node
        began = time.perf_counter()
        await node.start()
        settle_memory()
        ready = ReadyNode(
            roles=("mesh", *node.roles) if node.runs_mesh else node.roles,
            url=node.url,
            start_s=time.perf_counter() - began,
            joined=None if node.membership is None else node.membership.node,
        )
        if node.bus is not None and len(node.roles) == len(WORKER_ROLES):
            ready = await self._with_proof(ready, node.bus)
        self._on_ready(ready)

    async def _with_proof(self, ready: ReadyNode, bus: Bus) -> ReadyNode:
        """One prompt answered, or why it was not: a node without a model is where one is pulled to."""
        ready = msgspec.structs.replace(ready, first_account=await registration_is_open_to_the_first(bus))
        if not self._smoke:
            return ready
        try:
            return msgspec.structs.replace(ready, smoke=await answer_smoke_prompt(bus))
        except CoveyError as error:
            return msgspec.structs.replace(ready, smoke_problem=error.detail)

    async def stop(self, *, force: bool = False) -> None:
        await self._node.stop(force=force)


async def registration_is_open_to_the_first(bus: Bus) -> bool:
    """Whether no account exists yet."""
    deadline = asyncio.get_running_loop().time() + POLICY_TIMEOUT_S
    context = CallContext(request_id=RequestId(mint("req")), deadline=deadline)
    policy = await bus.call(GET_REGISTRATION_POLICY, Empty(), context)
    return policy.first_account


def settle_memory() -> None:
    """What the start made stays: keep the garbage collector from walking through it, and let it run less often.

    Requests make hardly any cycles, but thousands of objects; with Python's defaults a quarter of the tail of the
    latencies was the collector's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # The event loop would note every async generator, to close at its end what nobody closed. Each one here has an
    # owner that closes it, and a request has a dozen; what is dropped all the same is closed when it is collected.
    sys.set_asyncgen_hooks(firstiter=None)


def run(
    settings: Settings,
    roles: Sequence[str],
    *,
    smoke: bool,
    on_ready: Callable[[ReadyNode], None],
    origins: Mapping[str, Origin] | None = None,
) -> int:
    """Run a node until it is told to stop; the exit code. Raises what kept it from starting."""

    async def live() -> None:
        node = Node(settings, roles, origins)
        async with StopSignals() as signals:
            await run_until_signalled(Session(node, smoke=smoke, on_ready=on_ready), signals)

    uvloop.run(live())
    return 0
