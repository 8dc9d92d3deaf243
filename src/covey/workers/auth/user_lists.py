"""Lists of accounts, searched page by page."""

from __future__ import annotations

import re
import unicodedata

from covey.errors import InvalidRequest
from covey.protocol.auth import ListUsers, UserList
from covey.protocol.ids import UserId
from covey.store.key_value import KeyValue
from covey.workers.auth.records import UserRecord, decode, user_key

LARGEST_PAGE = 500
LONGEST_SEARCH = 64
MOST_LOOKED_AT = 20_000
"""Accounts that one question looks at, at most: the next page goes on from there."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class UserLists:
    def __init__(self, auth: KeyValue) -> None:
        self._auth = auth

    async def find(self, request: ListUsers) -> UserList:
        """Raises InvalidRequest, StoreUnavailable."""
        wanted = _checked(request)
        position, looked_at = request.cursor, 0
        found: list[UserRecord] = []
        filtered = bool(wanted or request.role or request.status)
        portion = LARGEST_PAGE if filtered else request.limit + 1
        while looked_at < MOST_LOOKED_AT:
            after = None if position is None else user_key(UserId(position))
            entries = await self._auth.range("user", after=after, limit=portion)
            for entry in entries:
                user = decode(entry, UserRecord).record
                if not _fits(user, request, wanted):
                    continue
                if len(found) == request.limit:
                    return _page(found, found[-1].id)
                found.append(user)
            if len(entries) < portion:
                return _page(found, None)
            looked_at += len(entries)
            position = entries[-1].key.partition(".")[2]
        return _page(found, position)


def _page(found: list[UserRecord], following: str | None) -> UserList:
    return UserList(items=tuple(user.info() for user in found), next=following)


def _checked(request: ListUsers) -> str:
    """What is searched for, as names are spelled."""
    if not 1 <= request.limit <= LARGEST_PAGE:
        raise InvalidRequest(f"limit has to be 1 to {LARGEST_PAGE}", param="limit")
    if request.cursor is not None and not _IDENTIFIER.match(request.cursor):
        raise InvalidRequest("the cursor is not one that was given out", param="cursor")
    search = request.search or ""
    if len(search) > LONGEST_SEARCH:
        raise InvalidRequest(f"search has at most {LONGEST_SEARCH} characters", param="search")
    return unicodedata.normalize("NFKC", search).casefold().strip()


def _fits(user: UserRecord, request: ListUsers, wanted: str) -> bool:
    return wanted in user.username and request.role in (None, user.role) and request.status in (None, user.status)
