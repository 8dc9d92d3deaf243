"""Who administers: kept as one list, so that two changes at the same time cannot leave nobody."""

from __future__ import annotations

from covey.errors import Conflict
from covey.protocol.auth import Role, UserStatus
from covey.protocol.ids import UserId


def administrators_after(
    administrators: tuple[UserId, ...], user_id: UserId, role: Role | None, status: UserStatus | None
) -> tuple[UserId, ...]:
    """The active administrators once the account has that role and status; None: it is gone.

    Raises Conflict when nobody would be left.
    """
    others = tuple(each for each in administrators if each != user_id)
    after = (*others, user_id) if role == "admin" and status == "active" else others
    if administrators and not after:
        raise Conflict("this is the last administrator")
    return tuple(sorted(after))
