"""The file of machines that joined and of open invitations, and the identities in it as the nats-server knows them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from covey.domain.machines import Machines
from covey.domain.mesh_permissions import ENROLMENT
from covey.errors import StartFailed
from covey.facilities.mesh_identities import refuse_if_open
from covey.facilities.nats_configuration import MeshUser
from covey.facilities.private_files import write_private


class MachineRecords:
    """``<data>/mesh/machines.json``. It is read once, before the nats-server starts; this process alone writes it.

    No secret is in it: of machines and invitations alike, it has the public keys.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "machines.json"
        self.now = Machines()

    def load(self) -> None:
        """Blocking. Raises StartFailed when the file is damaged or open to others: who may join is not guessed."""
        if not self._path.exists():
            return
        refuse_if_open(self._path)
        try:
            self.now = msgspec.json.decode(self._path.read_bytes(), type=Machines)
        except (OSError, msgspec.DecodeError) as error:
            raise StartFailed("the record of machines that joined is damaged") from error

    def save(self, machines: Machines) -> None:
        """Blocking. Durable when it returns. Raises OSError, with nothing changed."""
        write_private(self._path, msgspec.json.format(msgspec.json.encode(machines)))
        self.now = machines

    def users(self) -> tuple[MeshUser, ...]:
        """Everybody whom the server lets in besides this node's own roles."""
        return (
            *(MeshUser(role=each.role, public_key=each.public_key, scope=each.name) for each in self.now.machines),
            *(
                MeshUser(role=ENROLMENT, public_key=each.public_key, scope=each.public_key)
                for each in self.now.invitations
            ),
        )
