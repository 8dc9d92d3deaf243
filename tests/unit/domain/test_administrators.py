from __future__ import annotations

import pytest

from covey.domain.administrators import administrators_after
from covey.errors import Conflict
from covey.protocol.auth import Role, UserStatus
from covey.protocol.ids import UserId

A, B = UserId("usr_a"), UserId("usr_b")


@pytest.mark.parametrize(
    ("before", "role", "status", "after"),
    [
        ((), "admin", "active", (A,)),
        ((), "member", "active", ()),
        ((B,), "admin", "active", (A, B)),
        ((A, B), "member", "active", (B,)),
        ((A, B), "admin", "suspended", (B,)),
        ((A, B), None, None, (B,)),
        ((A,), "admin", "active", (A,)),
    ],
)
def test_the_list_follows_role_and_status(
    before: tuple[UserId, ...], role: Role | None, status: UserStatus | None, after: tuple[UserId, ...]
) -> None:
    assert administrators_after(before, A, role, status) == after


@pytest.mark.parametrize(("role", "status"), [("member", "active"), ("admin", "suspended"), (None, None)])
def test_the_last_one_stays(role: Role | None, status: UserStatus | None) -> None:
    with pytest.raises(Conflict):
        administrators_after((A,), A, role, status)
