"""Lets machines in and out: invitations, the one question that an invitation may ask, and removal."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg

from covey.domain import join_tokens
from covey.domain.join_tokens import JoinToken
from covey.domain.machines import Invitation, Machine, Machines
from covey.domain.mesh_permissions import ENROLMENT
from covey.errors import BadSettings, Conflict, CoveyError, InvalidRequest, NotStarted, StoreUnavailable
from covey.facilities.machine_records import MachineRecords
from covey.facilities.mesh_identities import callers_of, public_key_of, seed_of
from covey.facilities.nats_configuration import JoinConfig
from covey.facilities.nats_connection import KeptSubscription, NatsConnection
from covey.facilities.nats_server import NatsServer
from covey.facilities.own_addresses import addresses
from covey.protocol import subjects
from covey.protocol.enrolment import Enrol, Enrolled
from covey.protocol.ids import InvitationId, NodeName
from covey.protocol.nodes import (
    CreatedNodeInvitation,
    InviteNode,
    NodeInvitation,
    NodeInvitationList,
    NodeJoined,
)
from covey.protocol.registry import JoinedNode
from covey.runtime.cancelling import cancel_until_ended
from covey.runtime.clock import Clock

_log = structlog.get_logger(__name__)
_decoder = msgspec.msgpack.Decoder(Enrol)

SETTING = "mesh.server.join.address"
LARGEST_QUESTION_BYTES = 4096
MOST_QUESTIONS = 16
"""Questions of invitations in hand at once; further ones are dropped, and asked again by whoever means it."""
RENEWAL_LOOK_S = 3600.0
Joined = Callable[[NodeJoined], Awaitable[None]]


async def _nobody(_: NodeJoined) -> None:
    """Nobody writes it down."""


class MachineAdmission:
    """Facility, in the process that runs the nats-server. ``taken`` gives the names of all nodes that are there."""

    name = "machine admission"
    here = True

    def __init__(
        self, records: MachineRecords, server: NatsServer, join: JoinConfig, clock: Clock,
        *, taken: Callable[[], Collection[str]],
    ) -> None:  # fmt: skip
        self._records = records
        self._server = server
        self._join = join
        self._clock = clock
        self._taken = taken
        self.on_joined: Joined = _nobody
        """Awaited with each machine that joined."""
        self.on_removed: Callable[[str], None] = lambda _: None
        """Called with the name of each machine that was removed."""
        self._connection: NatsConnection | None = None
        self._subscription: KeptSubscription | None = None
        self._changing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._questions: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None

    def attach(self, connection: NatsConnection) -> None:
        """Over which invitations are heard. Before the start."""
        self._connection = connection

    async def start(self) -> None:
        """Raises StartFailed or BadSettings when the settings do not allow what they ask for."""
        if self._connection is None:
            raise NotStarted
        if not self._server.accepts_machines:
            return
        self._addresses(())
        self._subscription = await self._connection.subscribe(subjects.enrolment("*"), self._hear)
        self._sweeper = asyncio.create_task(self._sweep(), name="machine-admission")  # cancelled and awaited in stop

    async def stop(self) -> None:
        """Safe twice, and on a half-started one."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.close()
        tasks = [*self._questions, *([self._sweeper] if self._sweeper else [])]
        self._sweeper = None
        for task in tasks:
            await cancel_until_ended(task)

    async def check(self) -> None:
        """Whether others may join never makes a node unready."""

    def joined(self) -> list[JoinedNode]:
        return [
            JoinedNode(name=NodeName(each.name), kind=each.role, joined_at=each.joined_at, invited_by=each.invited_by)
            for each in self._records.now.machines
        ]

    def invitations(self) -> NodeInvitationList:
        if not self._server.accepts_machines:
            return NodeInvitationList(accepts=False, setting=SETTING)
        now = self._clock.now()
        open_ = [shown(each) for each in self._records.now.invitations if each.expires_at > now]
        return NodeInvitationList(accepts=True, items=tuple(open_), addresses=self._addresses(()))

    async def invite(self, request: InviteNode, invited_by: str) -> CreatedNodeInvitation:
        """The server knows the invitation when this returns. Raises Conflict when machines cannot join here, or the
        name is taken; InvalidRequest; Overloaded."""
        if not self._server.accepts_machines:
            raise Conflict(f"machines cannot join here: set {SETTING}", param=SETTING)
        reached_at = self._addresses(request.addresses)
        secret = secrets.token_bytes(join_tokens.SECRET_BYTES)
        now = self._clock.now()
        invitation = Invitation(
            public_key=public_key_of(seed_of(secret), ENROLMENT),
            name=request.name,
            created_at=now,
            expires_at=now + request.expires_in_s,
            invited_by=invited_by,
        )
        token = join_tokens.encode(
            JoinToken(
                addresses=reached_at,
                pin=await asyncio.to_thread(self._server.certificates.pin),
                secret=secret,
                expires_at=int(invitation.expires_at),
            )
        )
        await self._change(lambda machines: machines.invited(invitation, now, self._taken()))
        _log.info("machine_invited", node=request.name, expires_in_s=request.expires_in_s)
        return CreatedNodeInvitation(
            invitation=shown(invitation), token=token, command=f"covey join {token}", addresses=reached_at
        )

    async def revoke(self, invitation_id: str) -> None:
        """Nobody can use it when this returns. Raises NotFound."""
        await self._change(lambda machines: machines.revoked(invitation_id))
        _log.info("machine_invitation_revoked")

    async def remove(self, name: str) -> None:
        """The machine's connection has ended when this returns, and it gets no other. Raises NotFound."""
        await self._change(lambda machines: machines.removed(name))
        self.on_removed(name)
        _log.info("machine_removed", node=name)

    async def _change(self, change: Callable[[Machines], Machines]) -> None:
        """Written down first, then known to the server: a crash in between is made good at the next start."""
        async with self._changing:
            changed = change(self._records.now)
            await self._save(changed)
            await self._server.reload()
        self._changed.set()

    async def _save(self, machines: Machines) -> None:
        try:
            await asyncio.to_thread(self._records.save, machines)
        except OSError as error:
            raise StoreUnavailable("the record of machines cannot be written") from error

    def _addresses(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = addresses(self._server.host, self._server.client_port, asked or self._join.advertise)
        except BadSettings as error:
            if asked:
                raise InvalidRequest(error.detail, param="addresses") from error
            raise
        if len(found) > join_tokens.MOST_ADDRESSES or not all(join_tokens.is_address(each) for each in found):
            raise InvalidRequest(f"at most {join_tokens.MOST_ADDRESSES} addresses, host:port each", param="addresses")
        return found

    def _hear(self, message: Msg) -> None:
        if len(self._questions) >= MOST_QUESTIONS:
            return
        task = asyncio.create_task(self._answer(message))  # cancelled and awaited in stop
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _answer(self, message: Msg) -> None:
        key = message.subject.partition(".")[2]
        # The server lets an invitation speak on its own subject only. Where it wants its answer is its own choice.
        if not message.reply.startswith(f"_INBOX_{ENROLMENT}.{key}."):
            _log.warning("enrolment_refused", code="reply_elsewhere")
            return
        try:
            machine = await self._admit(key, message)
        except CoveyError as error:
            _log.warning("enrolment_refused", code=error.code)
            with contextlib.suppress(CoveyError):
                await self._reply(message, Enrolled(error_code=error.code, detail=error.detail))
        except Exception:  # reported here: nobody else hears of a question that could not be answered
            _log.exception("enrolment_failed")
        else:
            _log.info("machine_joined", node=machine.name)
            await self.on_joined(
                NodeJoined(node=NodeName(machine.name), invited_by=machine.invited_by, version=machine.version)
            )

    async def _admit(self, key: str, message: Msg) -> Machine:
        try:
            if len(message.data) > LARGEST_QUESTION_BYTES:
                raise InvalidRequest("the question is too long")
            asked = _decoder.decode(message.data)
        except msgspec.DecodeError as error:
            raise InvalidRequest("the question is malformed") from error
        applicant = Machine(
            name=asked.name, public_key=asked.public_key, joined_at=0.0, invited_by="", version=asked.version
        )
        authority = await asyncio.to_thread(self._server.certificates.authority_text)
        known = await asyncio.to_thread(self._server.identities.callers)
        callers = callers_of("processor", known)
        async with self._changing:
            machines, machine = self._records.now.admitted(key, applicant, self._clock.now(), self._taken())
            await self._save(machines)
            # The answer comes before the reload, which ends the invitation and its connection.
            with contextlib.suppress(CoveyError):  # it may try its new identity all the same
                await self._reply(message, Enrolled(node=machine.name, authority=authority, callers=callers))
            await self._server.reload()
        return machine

    async def _reply(self, message: Msg, answer: Enrolled) -> None:
        assert self._connection is not None
        client = self._connection.client
        try:
            await client.publish(message.reply, msgspec.msgpack.encode(answer))
            await client.flush(timeout=5)
        except (nats.errors.Error, ConnectionError, OSError) as error:
            raise StoreUnavailable("the answer cannot be sent") from error

    async def _sweep(self) -> None:
        """Take expired invitations away, and renew the certificate in time."""
        while True:
            self._changed.clear()
            expiry = self._records.now.next_expiry()
            left_s = RENEWAL_LOOK_S if expiry is None else max(0.0, expiry - self._clock.now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, RENEWAL_LOOK_S)):
                    await self._changed.wait()
                    continue
            try:
                await self._look()
            except CoveyError as error:
                _log.error("machine_admission_failed", code=error.code, detail=error.detail)
                await asyncio.sleep(1.0)

    async def _look(self) -> None:
        renewed = await asyncio.to_thread(self._server.certificates.prepare, datetime.now(UTC))
        async with self._changing:
            swept = self._records.now.swept(self._clock.now())
            expired = len(self._records.now.invitations) - len(swept.invitations)
            if expired:
                await self._save(swept)
            if expired or renewed:
                await self._server.reload()
                _log.info("machine_admission_swept", expired=expired, renewed=renewed)


def shown(invitation: Invitation) -> NodeInvitation:
    return NodeInvitation(
        id=InvitationId(invitation.public_key),
        name=invitation.name,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        invited_by=invitation.invited_by,
    )
