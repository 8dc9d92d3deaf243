"""What a machine that joined knows of the mesh it belongs to, kept in its data directory."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from covey.errors import Conflict, StartFailed
from covey.facilities.mesh_identities import refuse_if_open
from covey.facilities.nats_server import lock_directory
from covey.facilities.private_files import write_private


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """``<data>/mesh/membership.json``. The key is beside it, in ``identities/``, and never leaves this machine."""

    node: str
    """What this machine is called there, and the scope of its identity."""
    role: Literal["processor"] = "processor"
    addresses: tuple[str, ...]
    """``host:port`` each."""
    callers: tuple[str, ...] = ()
    """Public keys of those whose calls are believed here. None are known to a machine that joined an older mesh."""

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(f"tls://{address}" for address in self.addresses)


class MembershipFiles:
    """The files below ``<data>/mesh``. Plain, blocking file work."""

    def __init__(self, data_dir: Path) -> None:
        self._mesh = data_dir / "mesh"
        self._path = self._mesh / "membership.json"
        self.authority_file = self._mesh / "tls" / "ca.pem"
        self.seed_file = self._mesh / "identities" / "processor.seed"

    def load(self) -> Membership | None:
        """None: this machine did not join. Raises StartFailed when the record is damaged or open to others."""
        if not self._path.exists():
            return None
        refuse_if_open(self._path)
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Membership)
        except (OSError, msgspec.DecodeError) as error:
            raise StartFailed("the record of the mesh that this machine joined is damaged") from error

    def lock(self) -> int:
        """Keep other processes from using the directory, until the file descriptor is closed. Raises Conflict when it
        belongs to a node that has a mesh of its own, StartFailed when it is in use or cannot be used."""
        if (self._mesh / "nats.conf").exists() or (self._mesh / "jetstream").exists():
            raise Conflict(
                "this data directory belongs to a node with a mesh of its own; give another with --data-dir",
                param="node.data_dir",
            )
        try:
            self._mesh.mkdir(parents=True, exist_ok=True, mode=0o700)
            refuse_if_open(self._mesh)
            return lock_directory(self._mesh)
        except OSError as error:
            raise StartFailed(
                f"the data directory {self._mesh.parent} cannot be made: {error.strerror}", param="node.data_dir"
            ) from error

    def save(self, membership: Membership, seed: str, authority: str) -> None:
        """In the place of what was there. The record comes last: with it, the machine belongs to the mesh. Raises
        StartFailed."""
        try:
            for path in (self.seed_file, self.authority_file):
                path.parent.mkdir(exist_ok=True, mode=0o700)
            write_private(self.seed_file, seed.encode() + b"\n")
            write_private(self.authority_file, authority.encode())
            write_private(self._path, msgspec.json.format(msgspec.json.encode(membership)))
        except OSError as error:
            raise StartFailed("the data directory cannot be written", param="node.data_dir") from error
