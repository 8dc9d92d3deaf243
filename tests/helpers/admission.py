"""A mesh that machines can join, in this process: server, admission, and machines that come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
from nats.aio.client import Client

from covey.domain import join_tokens
from covey.domain.join_tokens import JoinToken
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.machine_admission import MachineAdmission
from covey.facilities.machine_records import MachineRecords
from covey.facilities.mesh_certificates import SERVER_NAME, client_context, client_options
from covey.facilities.mesh_enrolment import enrol
from covey.facilities.mesh_identities import new_seed, public_key_of
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_configuration import JoinConfig
from covey.facilities.nats_connection import NatsConnection
from covey.facilities.nats_server import NatsServer
from covey.protocol.enrolment import Enrol, Enrolled
from covey.protocol.nodes import InviteNode, NodeJoined
from covey.testing.manual_clock import ManualClock
from tests.helpers.mesh import QUICK, Connection

JOIN = msgspec.structs.replace(QUICK, join=JoinConfig(address="127.0.0.1:0"))


class AdmittingMesh:
    """The node's side. ``joined`` is what it was told of machines that came."""

    def __init__(self, folder: Path, clock: ManualClock, stack: AsyncExitStack) -> None:
        self.clock = clock
        self.records = MachineRecords(folder / "mesh")
        self.server = NatsServer(JOIN, folder / "mesh", joined=self.records.users)
        self.admission = MachineAdmission(self.records, self.server, JOIN.join, clock, taken=lambda: {"main"})
        self.joined: list[NodeJoined] = []
        self._stack = stack

    async def start(self) -> None:
        async def note(joined: NodeJoined) -> None:
            self.joined.append(joined)

        self._stack.push_async_callback(self.server.stop)
        await self.server.start()
        self.connection = NatsConnection(
            NatsConnectionConfig(
                urls=(self.server.url,),
                seed_file=str(self.server.identities.directory / "node.seed"),
                ca_file=str(self.server.certificates.authority_file),
                server_name=SERVER_NAME,
            ),
            name="node",
            inbox_prefix="_INBOX_node.node-1",
        )
        self._stack.push_async_callback(self.connection.stop)
        await self.connection.start()
        self.bus = NatsBus(self.connection)
        self._stack.push_async_callback(self.bus.stop)
        await self.bus.start()
        self.admission.attach(self.connection)
        self.admission.on_joined = note
        self.admission.on_removed = self.bus.node.bid_farewell
        self._stack.push_async_callback(self.admission.stop)
        await self.admission.start()

    async def invite(self, **fields: Any) -> JoinToken:
        made = await self.admission.invite(InviteNode(**fields), "robin")
        return join_tokens.decode(made.token)

    async def connect(self, seed: str, prefix: str) -> Connection:
        complaints: list[str] = []

        async def complain(error: Exception) -> None:
            complaints.append(str(error))

        client: Client = await nats.connect(
            self.server.url,
            nkeys_seed_str=seed,
            inbox_prefix=prefix.encode(),
            allow_reconnect=False,
            error_cb=complain,
            **client_options(client_context(self.server.certificates.authority_text()), SERVER_NAME),
        )
        self._stack.push_async_callback(client.close)
        return Connection(client, complaints)


class Guest:
    """A machine with a key of its own."""

    def __init__(self, name: str = "box") -> None:
        self.seed = new_seed()
        self.question = Enrol(public_key=public_key_of(self.seed, "processor"), name=name, version="test")

    async def join(self, token: JoinToken) -> Enrolled:
        return (await enrol(token, self.question, timeout_s=5.0))[0]

    async def connect(self, mesh: AdmittingMesh, scope: str) -> Connection:
        return await mesh.connect(self.seed, f"_INBOX_processor.{scope}.processor-1__{scope}")


@asynccontextmanager
async def admitting_mesh(folder: Path, clock: ManualClock | None = None) -> AsyncIterator[AdmittingMesh]:
    async with AsyncExitStack() as stack:
        mesh = AdmittingMesh(folder, clock or ManualClock(), stack)
        await mesh.start()
        yield mesh
