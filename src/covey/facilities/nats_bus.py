"""The bus as a facility: one node of the mesh over one connection."""

from __future__ import annotations

from covey.errors import NotStarted
from covey.facilities.nats_carrier import NatsCarrier
from covey.facilities.nats_connection import NatsConnection
from covey.rpc.node import RpcNode
from covey.rpc.signing import CallSignatures


class NatsBus:
    """Give workers ``node``; it is a :class:`covey.rpc.bus.Bus`. The connection is started before this and stopped
    after it."""

    def __init__(
        self, connection: NatsConnection, *, sociable: bool = True, signatures: CallSignatures | None = None
    ) -> None:
        self.name = "bus"
        self._connection = connection
        self._carrier = NatsCarrier(connection)
        self.node = RpcNode(self._carrier, sociable=sociable, signatures=signatures)
        self._started = False

    async def start(self) -> None:
        """Raises PeerUnavailable when the connection is away."""
        await self.node.start()
        self._started = True

    async def stop(self) -> None:
        self._started = False
        await self.node.stop()
        await self._carrier.close()

    async def check(self) -> None:
        """Raises NotStarted, or PeerUnavailable when other processes cannot be reached."""
        if not self._started:
            raise NotStarted
        await self._connection.check()
