from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from covey.cli.failures import NOT_FOUND, CommandFailed
from covey.cli.session import Session
from covey.cli.users import all_users, user_id_of, user_path
from tests.helpers.platform_server import Answer, Asked, PlatformServer, platform_server

pytestmark = pytest.mark.sockets

NAMES = ["rob", "robin", "robina"]


def users(asked: Asked) -> Answer:
    """Two pages."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
    found = [{"id": f"usr_{name}", "username": name} for name in NAMES if query.get("search", "").lower() in name]
    first = int(query.get("cursor", "0"))
    following = first + 2
    return Answer(200, {"items": found[first:following], "next": str(following) if following < len(found) else None})


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        running.answers["GET /covey/v1/users"] = users
        yield running


@pytest.fixture
def session(server: PlatformServer, tmp_path: Path) -> Session:
    return Session(tmp_path, url=server.url, api_key="k")


def test_all_pages_are_read(session: Session) -> None:
    assert [user["username"] for user in all_users(session)] == NAMES


@pytest.mark.parametrize(
    ("name", "expected"), [("robin", "usr_robin"), ("Rob", "usr_rob"), ("usr_robina", "usr_robina")]
)
def test_an_account_is_found_by_its_whole_name_or_its_id(session: Session, name: str, expected: str) -> None:
    assert user_id_of(session, name) == expected
    assert user_path(session, name) == f"/covey/v1/users/{expected}"


@pytest.mark.parametrize("name", ["ro", "usr_nobody", "", "x" * 100])
def test_there_is_no_such_account(session: Session, name: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        user_id_of(session, name)
    assert caught.value.exit_code == NOT_FOUND
