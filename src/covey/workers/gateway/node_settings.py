"""The settings of any node, asked of a process of that node. Secrets are masked there, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from covey.domain.policy import authorize
from covey.errors import NotFound
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import InstanceInfo
from covey.protocol.settings import (
    AUTH_SHOW_SETTINGS,
    GATEWAY_SHOW_SETTINGS,
    PROCESSOR_SHOW_SETTINGS,
    Answering,
    AskSettings,
    SettingInForce,
    SettingsInForce,
    ShowSettings,
)
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.workers.gateway.credentials import Credentials

ANSWERING: tuple[Answering, ...] = ("gateway", "processor", "auth")


class NodeSettings:
    def __init__(
        self,
        bus: Bus,
        credentials: Credentials,
        own: Callable[[], Sequence[SettingInForce]],
        *,
        instance: InstanceId,
        node: NodeName,
    ) -> None:
        self._bus = bus
        self._credentials = credentials
        self._own = own
        self._instance = instance
        self._node = node

    def own(self) -> SettingsInForce:
        return SettingsInForce(node=self._node, items=tuple(self._own()), instance=self._instance)

    def told(self, request: ShowSettings) -> SettingsInForce:
        """Raises Unauthenticated or Forbidden: whoever may call a gateway is not yet an administrator."""
        authorize("admin", self._credentials.verify(request.credential).identity)
        return self.own()

    async def find(self, request: AskSettings, credential: str, context: CallContext) -> SettingsInForce:
        """Raises NotFound when there is no such node, or nothing of it that can be asked."""
        found = self._answering(request)
        if any(info.instance == self._instance for info in found):
            return self.own()
        if not found:
            raise NotFound("there is no such node, or nothing on it that can be asked", param="node")
        asked = found[0]
        if asked.service == "gateway":
            question = ShowSettings(credential=credential)
            return await self._bus.call(GATEWAY_SHOW_SETTINGS, question, context, to=asked.instance)
        endpoint = PROCESSOR_SHOW_SETTINGS if asked.service == "processor" else AUTH_SHOW_SETTINGS
        return await self._bus.call(endpoint, Empty(), context, to=asked.instance)

    def _answering(self, request: AskSettings) -> list[InstanceInfo]:
        node = request.node or self._node
        services = ANSWERING if request.service is None else (request.service,)
        return [info for service in services for info in self._bus.instances(service) if info.node == node]
