from __future__ import annotations

import itertools

from covey.domain.access import tightened
from covey.protocol.auth import AccessUser, Role, UserStatus
from covey.protocol.ids import UserId

ROLES: tuple[Role, ...] = ("admin", "member")
STATUSES: tuple[UserStatus, ...] = ("active", "suspended")


def users() -> list[AccessUser]:
    return [
        AccessUser(user_id=UserId("usr_1"), username="alice", role=role, status=status, sessions_valid_after=after)
        for role, status, after in itertools.product(ROLES, STATUSES, (0.0, 5.0))
    ]


def test_what_is_published_before_a_change_grants_no_more_than_either_side_of_it() -> None:
    for present, wanted in itertools.product(users(), users()):
        strict = tightened(present, wanted)
        assert strict == tightened(wanted, present)
        for side in (present, wanted):
            assert strict.role == "member" or side.role == "admin"
            assert strict.status == "suspended" or side.status == "active"
            assert strict.sessions_valid_after >= side.sessions_valid_after


def test_a_change_of_nothing_tightens_nothing() -> None:
    for user in users():
        assert tightened(user, user) == user
