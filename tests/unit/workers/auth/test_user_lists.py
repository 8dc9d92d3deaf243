from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.errors import InvalidRequest
from covey.protocol.auth import ListUsers, Role, UserStatus
from covey.protocol.ids import UserId
from covey.store.key_value import KeyValue
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.auth import user_lists
from covey.workers.auth.records import UserRecord, encode, user_key
from covey.workers.auth.user_lists import UserLists

NAMES = ["ada", "alan.t", "barbara", "grace", "margaret", "radia"]


@pytest.fixture
async def bucket() -> AsyncIterator[KeyValue]:
    store = MemoryStore(ManualClock())
    made = await store.bucket("auth")
    for number, name in enumerate(NAMES):
        role: Role = "admin" if name == "ada" else "member"
        status: UserStatus = "suspended" if name == "grace" else "active"
        user = UserRecord(id=UserId(f"usr_{number}"), username=name, password_hash="", role=role, status=status)
        await made.put(user_key(user.id), encode(user))
    yield made
    await store.stop()


async def names(lists: UserLists, request: ListUsers) -> list[list[str]]:
    """All pages."""
    pages = []
    cursor: str | None = None
    while True:
        page = await lists.find(ListUsers(
            cursor=cursor, limit=request.limit, search=request.search, role=request.role, status=request.status
        ))  # fmt: skip
        pages.append([user.username for user in page.items])
        cursor = page.next
        if cursor is None:
            return pages


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (ListUsers(), [NAMES]),
        (ListUsers(limit=2), [NAMES[:2], NAMES[2:4], NAMES[4:]]),
        (ListUsers(search="AR"), [["barbara", "margaret"]]),
        (ListUsers(search="ar", limit=1), [["barbara"], ["margaret"]]),
        (ListUsers(search="ａｄａ"), [["ada"]]),
        (ListUsers(search="."), [["alan.t"]]),
        (ListUsers(search="*"), [[]]),
        (ListUsers(search=" "), [NAMES]),
        (ListUsers(role="admin"), [["ada"]]),
        (ListUsers(status="suspended", search="a"), [["grace"]]),
        (ListUsers(status="active", role="member", limit=3), [["alan.t", "barbara", "margaret"], ["radia"]]),
    ],
)
async def test_pages_hold_those_who_fit(bucket: KeyValue, request_: ListUsers, expected: list[list[str]]) -> None:
    assert await names(UserLists(bucket), request_) == expected


async def test_one_question_looks_at_so_many_accounts_and_the_next_goes_on(
    bucket: KeyValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_lists, "LARGEST_PAGE", 2)
    monkeypatch.setattr(user_lists, "MOST_LOOKED_AT", 2)
    assert await names(UserLists(bucket), ListUsers(search="mar", limit=1)) == [[], [], ["margaret"], []]


@pytest.mark.parametrize("request_", [ListUsers(limit=0), ListUsers(limit=501), ListUsers(cursor="a.b"),
                                      ListUsers(search="x" * 65)])  # fmt: skip
async def test_what_cannot_be_asked_is_refused(bucket: KeyValue, request_: ListUsers) -> None:
    with pytest.raises(InvalidRequest):
        await UserLists(bucket).find(request_)
