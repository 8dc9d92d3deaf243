"""``covey auth``: accounts and sessions."""

from __future__ import annotations

import platform
import sys

import click

from covey.cli.failures import CommandFailed
from covey.cli.output import moment, show_item, show_rows, talk
from covey.cli.session import Session, pass_session

PLATFORM = "/covey/v1"


@click.group()
def auth() -> None:
    """Register, log in, log out."""


def _password(session: Session, password_stdin: bool, *, confirm: bool) -> str:
    if password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return session.ask("Password", secret=True, confirm=confirm)


_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@auth.command()
@click.argument("username", required=False)
@click.option("--invitation", help="The invitation code, where registration needs one.")
@_password_stdin
@pass_session
def register(session: Session, username: str | None, invitation: str | None, password_stdin: bool) -> None:
    """Make an account and log in. The first account of a service is its administrator."""
    body = {
        "username": username or session.ask("User name"),
        "password": _password(session, password_stdin, confirm=True),
        "label": f"covey on {platform.node()}"[:100],
    }
    if invitation:
        body["invitation"] = invitation
    tokens = session.api().post(f"{PLATFORM}/auth/register", body, anonymous=True)
    session.api().keep_session(tokens)
    user = tokens["user"]
    talk(f"Welcome, {user['username']}. You are {_article(user.get('role', 'member'))}, and logged in.")


@auth.command()
@click.argument("username", required=False)
@_password_stdin
@click.option("--with-token", is_flag=True, help="Read an API key from standard input instead.")
@pass_session
def login(session: Session, username: str | None, password_stdin: bool, with_token: bool) -> None:
    """Log in with a password, or with an API key."""
    api = session.api()
    if with_token:
        secret = sys.stdin.readline().strip()
        if not secret:
            raise CommandFailed("no key on standard input", 2)
        api.keep_key(secret)
        user = api.get(f"{PLATFORM}/me")
    else:
        body = {
            "username": username or session.ask("User name"),
            "password": _password(session, password_stdin, confirm=False),
            "label": f"covey on {platform.node()}"[:100],
        }
        tokens = api.post(f"{PLATFORM}/auth/login", body, anonymous=True)
        api.keep_session(tokens)
        user = tokens["user"]
    talk(f"Logged in to {api.context.url} as {user['username']}.")


@auth.command()
@click.option("--everywhere", is_flag=True, help="End all your sessions, on every device.")
@pass_session
def logout(session: Session, everywhere: bool) -> None:
    """Log out here, or everywhere."""
    api = session.api(login=True)
    try:
        api.post(f"{PLATFORM}/auth/logout", {"everywhere": everywhere})
    finally:
        api.forget()
    talk("Logged out.")


@auth.command()
@pass_session
def whoami(session: Session) -> None:
    """The account that you are using."""
    show_item(session.api(login=True).get(f"{PLATFORM}/me"), session.output)


@auth.command()
@pass_session
def password(session: Session) -> None:
    """Change your password; your other sessions end."""
    body = {
        "current_password": session.ask("Current password", secret=True),
        "new_password": session.ask("New password", secret=True, confirm=True),
    }
    session.api(login=True).post(f"{PLATFORM}/auth/password", body)
    talk("Changed.")


@auth.command()
@click.option("--end", "session_id", help="End the session with this id.")
@pass_session
def sessions(session: Session, session_id: str | None) -> None:
    """List your sessions, or end one."""
    api = session.api(login=True)
    if session_id:
        api.delete(f"{PLATFORM}/sessions/{session_id}")
        talk("Ended.")
        return
    show_rows(
        api.get(f"{PLATFORM}/sessions")["items"],
        [
            ("ID", lambda item: item["id"]),
            ("LABEL", lambda item: item.get("label")),
            ("CREATED", lambda item: moment(item["created_at"])),
            ("LAST USED", lambda item: moment(item["last_used_at"])),
            ("THIS ONE", lambda item: bool(item.get("current"))),
        ],
        session.output,
    )


def _article(role: str) -> str:
    return "an administrator" if role == "admin" else f"a {role}"
