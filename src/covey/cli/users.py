"""Accounts by the names that people type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from covey.cli.api import path_part
from covey.cli.failures import NOT_FOUND, CommandFailed
from covey.cli.session import Session

USERS = "/covey/v1/users"


def all_users(session: Session, **filters: str | None) -> Iterator[dict[str, Any]]:
    """The accounts that fit, however many pages they have."""
    cursor = None
    while True:
        page = session.api(login=True).get(USERS, cursor=cursor, limit=500, **filters)
        yield from page["items"]
        cursor = page.get("next")
        if not cursor:
            return


def user_id_of(session: Session, name: str) -> str:
    """The id of an account by its name or its id. Raises CommandFailed when there is none."""
    wanted = name.casefold()
    for item in all_users(session, search=name[:64]):
        if item["username"] == wanted:
            return str(item["id"])
    if name.startswith("usr_") and any(item["id"] == name for item in all_users(session)):
        return name
    raise CommandFailed(f"there is no account {name!r}", NOT_FOUND)


def user_path(session: Session, name: str) -> str:
    return f"{USERS}/{path_part(user_id_of(session, name))}"
