from __future__ import annotations

import pytest

from covey.domain.policy import authorize, scopes_of
from covey.errors import Forbidden, Unauthenticated
from covey.protocol.auth import ALL_SCOPES, Identity
from covey.protocol.ids import UserId
from covey.protocol.operations import Access

MEMBER = Identity(user_id=UserId("usr_1"), username="ada", scopes=("inference", "account"))
ADMIN = Identity(user_id=UserId("usr_2"), username="root", role="admin", scopes=ALL_SCOPES)
KEY = Identity(user_id=UserId("usr_1"), username="ada", scopes=("inference",))


def test_only_administrators_keep_the_admin_scope() -> None:
    assert scopes_of("member", ALL_SCOPES) == ("inference", "account")
    assert scopes_of("admin", ALL_SCOPES) == ALL_SCOPES
    assert scopes_of("admin", ("inference",)) == ("inference",)


@pytest.mark.parametrize("access", ["any", "inference", "account", "admin"])
def test_without_a_credential_only_anonymous_things_are_allowed(access: Access) -> None:
    authorize("anonymous", None)
    with pytest.raises(Unauthenticated):
        authorize(access, None)


def test_a_scope_that_is_missing_is_forbidden() -> None:
    authorize("inference", KEY)
    authorize("any", KEY)
    with pytest.raises(Forbidden):
        authorize("account", KEY)
    with pytest.raises(Forbidden):
        authorize("admin", MEMBER)
    authorize("admin", ADMIN)


def test_the_admin_scope_without_the_role_opens_nothing() -> None:
    forged = Identity(user_id=UserId("usr_3"), username="eve", scopes=ALL_SCOPES)
    with pytest.raises(Forbidden):
        authorize("admin", forged)
