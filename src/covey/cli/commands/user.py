"""``covey user``: accounts, for administrators."""

from __future__ import annotations

import click

from covey.cli.api import path_part
from covey.cli.commands.user_access import keys, sessions
from covey.cli.failures import CommandFailed
from covey.cli.output import moment, show_item, show_rows, talk
from covey.cli.session import Session, pass_session
from covey.cli.users import all_users, user_path

INVITATIONS = "/covey/v1/invitations"


@click.group()
def user() -> None:
    """Accounts and invitations (administrators)."""


@user.command("list")
@click.option("--search", help="Only those whose name contains this.")
@click.option("--role", type=click.Choice(["admin", "member"]))
@click.option("--status", type=click.Choice(["active", "suspended"]))
@pass_session
def list_users(session: Session, search: str | None, role: str | None, status: str | None) -> None:
    """All accounts, or those that fit.

    \b
    Examples:
      covey user list --search rob
      covey user list --status suspended -o csv
    """
    show_rows(
        list(all_users(session, search=search, role=role, status=status)),
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
    show_item(session.api().request("PATCH", user_path(session, username), body=body), session.output)


@user.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, username: str, yes: bool) -> None:
    """Delete an account with its keys and sessions."""
    path = user_path(session, username)
    if not yes and session.ask(f"Delete {username}? Type the name") != username:
        raise CommandFailed("nothing was deleted")
    session.api().delete(path)
    talk(f"Deleted {username}.")


@user.command()
@click.option("--role", type=click.Choice(["admin", "member"]), default="member", show_default=True)
@pass_session
def invite(session: Session, role: str) -> None:
    """Make an invitation code; it is printed once."""
    created = session.api(login=True).post(INVITATIONS, {"role": role})
    if session.output == "table":
        talk(f"Good for one account until {moment(created['invitation']['expires_at'])} UTC.")
        click.echo(created["code"])
    else:
        show_item(created, session.output)


@user.command()
@pass_session
def invitations(session: Session) -> None:
    """What became of invitations: open, used and by whom, expired, revoked."""
    show_rows(
        session.api(login=True).get(INVITATIONS)["items"],
        [
            ("ID", lambda item: item["id"]),
            ("STATE", lambda item: item.get("state", "open")),
            ("ROLE", lambda item: item["role"]),
            ("CREATED", lambda item: moment(item["created_at"])),
            ("EXPIRES", lambda item: moment(item["expires_at"])),
            ("USED BY", lambda item: item.get("used_by_name")),
            ("USED", lambda item: moment(item.get("used_at"))),
        ],
        session.output,
    )


@user.command()
@click.argument("invitation_id")
@pass_session
def uninvite(session: Session, invitation_id: str) -> None:
    """Revoke an invitation that was not used."""
    session.api(login=True).delete(f"{INVITATIONS}/{path_part(invitation_id)}")
    talk("Revoked.")


user.add_command(keys)
user.add_command(sessions)
