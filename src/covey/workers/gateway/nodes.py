"""Nodes: who is there, and taking a node's processors out of service and back."""

from __future__ import annotations

import msgspec

from covey.errors import CoveyError, NotFound
from covey.protocol.ids import NodeName
from covey.protocol.nodes import PROCESSOR_SET_DRAINING, NodeRef, SetDraining
from covey.protocol.registry import InstanceInfo, InstanceState, NodeInfo, NodeList
from covey.protocol.subjects import SERVICES
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.workers.gateway.machines import Machines

PROCESSOR = "processor"


class Nodes:
    def __init__(self, bus: Bus, machines: Machines) -> None:
        self._bus = bus
        self._machines = machines

    def list(self) -> NodeList:
        found: dict[NodeName, list[InstanceInfo]] = {}
        for service in SERVICES:
            for info in self._bus.instances(service):
                found.setdefault(info.node, []).append(info)
        joined = {each.name: each for each in self._machines.joined()}
        return NodeList(
            items=tuple(
                NodeInfo(name=name, instances=tuple(found.get(name, ())), joined=joined.get(name))
                for name in sorted({*found, *joined})
            )
        )

    async def set_draining(self, request: NodeRef, context: CallContext, *, draining: bool) -> NodeInfo:
        """The node as it is then. Raises NotFound when there is no such node or it has no processor, or the first
        failure, after all of its processors were asked."""
        node = next((each for each in self.list().items if each.name == request.node), None)
        if node is None:
            raise NotFound("there is no such node", param="node")
        processors = [info for info in node.instances if info.service == PROCESSOR]
        if not processors:
            raise NotFound("this node has no processor", param="node")
        failure: CoveyError | None = None
        for info in processors:
            try:
                await self._bus.call(PROCESSOR_SET_DRAINING, SetDraining(draining=draining), context, to=info.instance)
            except CoveyError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        # What the processors announce arrives in a moment; the answer does not wait for it.
        state: InstanceState = "draining" if draining else "serving"
        instances = tuple(
            msgspec.structs.replace(info, state=state) if info.service == PROCESSOR else info for info in node.instances
        )
        return msgspec.structs.replace(node, instances=instances)
