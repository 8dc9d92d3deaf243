"""``covey user``: accounts, for administrators."""

from __future__ import annotations

import click

from covey.cli.failures import NOT_FOUND, CommandFailed
from covey.cli.output import moment, show_item, show_rows, talk
from covey.cli.session import Session, pass_session

PLATFORM = "/covey/v1"


@click.group()
def user() -> None:
    """Accounts and invitations (administrators)."""


@user.command("list")
@pass_session
def list_users(session: Session) -> None:
    """All accounts."""
    show_rows(
        _all_users(session),
        [
            ("ID", lambda item: item["id"]),
            ("NAME", lambda item: item["username"]),
            ("ROLE", lambda item: item.get("role", "member")),
            ("STATUS", lambda item: item.get("status", "active")),
            ("CREATED", lambda item: moment(item.get("created_at"))),
            ("LAST LOGIN", lambda item: moment(item.get("last_login_at"))),
        ],
        session.output,
    )


@user.command()
@click.argument("username")
@click.option("--role", type=click.Choice(["admin", "member"]))
@click.option("--status", type=click.Choice(["active", "suspended"]))
@pass_session
def update(session: Session, username: str, role: str | None, status: str | None) -> None:
    """Change a role, suspend an account or restore it."""
    body = {name: value for name, value in (("role", role), ("status", status)) if value}
    path = f"{PLATFORM}/users/{_user_id(session, username)}"
    show_item(session.api().request("PATCH", path, body=body), session.output)


@user.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, username: str, yes: bool) -> None:
    """Delete an account with its keys and sessions."""
    user_id = _user_id(session, username)
    if not yes and session.ask(f"Delete {username}? Type the name") != username:
        raise CommandFailed("nothing was deleted")
    session.api().delete(f"{PLATFORM}/users/{user_id}")
    talk(f"Deleted {username}.")


@user.command()
@click.option("--role", type=click.Choice(["admin", "member"]), default="member", show_default=True)
@pass_session
def invite(session: Session, role: str) -> None:
    """Make an invitation code; it is printed once."""
    created = session.api(login=True).post(f"{PLATFORM}/invitations", {"role": role})
    if session.output == "table":
        talk(f"Good for one account until {moment(created['invitation']['expires_at'])} UTC.")
        click.echo(created["code"])
    else:
        show_item(created, session.output)


def _all_users(session: Session) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    cursor = None
    while True:
        page = session.api(login=True).get(f"{PLATFORM}/users", cursor=cursor, limit=500)
        found += page["items"]
        cursor = page.get("next")
        if not cursor:
            return found


def _user_id(session: Session, username: str) -> str:
    for item in _all_users(session):
        if username in (item["username"], item["id"]):
            return str(item["id"])
    raise CommandFailed(f"there is no account {username!r}", NOT_FOUND)
