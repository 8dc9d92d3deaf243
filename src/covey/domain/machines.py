"""Who may join the mesh, and who has: records in, records out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from typing import Literal

import msgspec

from covey.errors import Conflict, Forbidden, InvalidRequest, NotFound, Overloaded

MOST_OPEN_INVITATIONS = 64
MOST_MACHINES = 512
SHORTEST_S = 60
LONGEST_S = 7 * 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_USER_PREFIX = 20 << 3
"""The first byte of every public key of a NATS user: it makes the text begin with U."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """One machine may join. Whoever has the secret of ``public_key`` is that machine."""

    public_key: str
    name: str | None
    created_at: float
    expires_at: float
    invited_by: str


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that joined. Its name is also the scope of its grants."""

    name: str
    role: Literal["processor"] = "processor"
    public_key: str
    joined_at: float
    invited_by: str
    version: str = ""


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as it is kept."""

    invitations: tuple[Invitation, ...] = ()
    machines: tuple[Machine, ...] = ()

    def invited(self, invitation: Invitation, now: float, taken: Collection[str]) -> Machines:
        """With one more invitation. ``taken``: names that other nodes have. Raises InvalidRequest, Conflict when the
        name is somebody's, Overloaded when too many are open."""
        lasts_s = invitation.expires_at - now
        if not SHORTEST_S <= lasts_s <= LONGEST_S:
            raise InvalidRequest("an invitation lasts from a minute to seven days", param="expires_in_s")
        if invitation.name is not None:
            name = checked_name(invitation.name)
            invited = [other.name for other in self.invitations if other.name is not None and other.expires_at > now]
            if name.casefold() in folded([*self._names(taken), *invited]):
                raise Conflict("there is a node of this name already, or one is invited", param="name")
        if len(self.invitations) >= MOST_OPEN_INVITATIONS or len(self.machines) >= MOST_MACHINES:
            raise Overloaded("too many invitations are open: revoke some")
        return msgspec.structs.replace(self, invitations=(*self.invitations, invitation))

    def admitted(self, key: str, applicant: Machine, now: float, taken: Collection[str]) -> tuple[Machines, Machine]:
        """With ``applicant`` in the place of the invitation ``key``, and how it is called from now on. Raises Forbidden
        when there is no such invitation any more, InvalidRequest or Conflict when its name or key will not do."""
        invitation = next((open_ for open_ in self.invitations if open_.public_key == key), None)
        if invitation is None or invitation.expires_at <= now:
            raise Forbidden("the invitation was used, revoked, or has expired")
        if not is_public_key(applicant.public_key):
            raise InvalidRequest("this is no public key", param="public_key")
        if applicant.public_key in (key, *(machine.public_key for machine in self.machines)):
            raise Conflict("this key is in use", param="public_key")
        names = folded(self._names(taken))
        name = invitation.name or free_name(checked_name(applicant.name), names)
        if name.casefold() in names:
            raise Conflict("another node has taken this name meanwhile", param="name")
        machine = msgspec.structs.replace(
            applicant, name=name, joined_at=now, invited_by=invitation.invited_by, version=applicant.version[:40]
        )
        return (
            Machines(
                invitations=tuple(other for other in self.invitations if other is not invitation),
                machines=(*self.machines, machine),
            ),
            machine,
        )

    def revoked(self, key: str) -> Machines:
        """Without an invitation. Raises NotFound."""
        left = tuple(invitation for invitation in self.invitations if invitation.public_key != key)
        if len(left) == len(self.invitations):
            raise NotFound("there is no such invitation: it was used, revoked, or has expired", param="invitation_id")
        return msgspec.structs.replace(self, invitations=left)

    def removed(self, name: str) -> Machines:
        """Without a machine. Raises NotFound."""
        left = tuple(machine for machine in self.machines if machine.name != name)
        if len(left) == len(self.machines):
            raise NotFound("no machine of this name has joined", param="node")
        return msgspec.structs.replace(self, machines=left)

    def swept(self, now: float) -> Machines:
        """Without the invitations that have expired."""
        return msgspec.structs.replace(
            self, invitations=tuple(each for each in self.invitations if each.expires_at > now)
        )

    def next_expiry(self) -> float | None:
        return min((invitation.expires_at for invitation in self.invitations), default=None)

    def _names(self, taken: Collection[str]) -> list[str]:
        return [*taken, *(machine.name for machine in self.machines)]


def checked_name(name: str) -> str:
    """Raises InvalidRequest for what cannot be the name of a machine."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest("a node's name is 1 to 32 letters, digits, - and _", param="name")
    return name


def free_name(wanted: str, taken: Collection[str]) -> str:
    """``wanted`` itself, or with a number behind it. ``taken`` is in lower case."""
    number, name = 1, wanted
    while name.casefold() in taken:
        number += 1
        name = f"{wanted[:28]}-{number}"
    return name


def folded(names: Collection[str]) -> set[str]:
    return {name.casefold() for name in names}


def is_public_key(text: str) -> bool:
    """Whether the nats-server will take it for a user's public key. One that it does not take would keep it from
    reading its whole configuration."""
    if not re.fullmatch(r"U[A-Z2-7]{55}", text):
        return False
    try:
        content = base64.b32decode(text)
    except binascii.Error:
        return False
    body, check = content[:-2], content[-2:]
    return body[0] == _USER_PREFIX and binascii.crc_hqx(body, 0).to_bytes(2, "little") == check
